import { copyFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { runCommandLine } from '../../src/cli/command-line.js';
import { createPushService, type PushService } from '../../src/index.js';
import { temporaryFolder } from '../recording/services-with-store.js';
import { RecordingTerminal } from './recording-terminal.js';

const welcome = {
  slug: 'welcome',
  event: 'welcomed',
  title: 'Hello {{ name }}',
  body: 'Good to see you.\nYour order {{ order.id }} is on its way.',
  url: '/orders/{{ order.id }}',
  data: { id: '{{ order.id }}' },
  locales: { de: { title: 'Hallo {{ name }}' } },
};
const context = JSON.stringify({ name: 'Ann \u001b[31m', order: { id: 42 } });
let store: string;
let push: PushService;

beforeEach(async () => {
  store = `sqlite:${temporaryFolder()}/push.db`;
  push = createPushService({ backend: 'console', messages: store, worker: false });
  await push.templates.save(welcome);
});

afterEach(() => push.close());

async function run(args: readonly string[], columns?: number) {
  const terminal = new RecordingTerminal({ PUSH_MESSAGES: store });
  terminal.columns = columns;
  const { exitCode } = await runCommandLine(['templates', ...args], terminal);
  return { exitCode, printed: terminal.printed, complaints: terminal.complaints };
}

describe('pushrail templates', () => {
  it('list prints what the store keeps, by the slug', async () => {
    await push.templates.save({ slug: 'digest', body: 'News' });
    await push.templates.setActive('digest', false);
    expect((await run(['list'])).printed).toEqual([
      expect.stringMatching(/^SLUG {5}VERSION {2}ACTIVE {2}AGE {2}LOCALES {2}TITLE$/),
      expect.stringMatching(/^digest {3}1 {8}no {6}\d+s {12}News$/),
      expect.stringMatching(/^welcome {2}1 {8}yes {5}\d+s {3}de {7}Hello \{\{ name \}\}$/),
    ]);
    const { printed } = await run(['list', '--json']);
    expect(printed.map((line) => JSON.parse(line).slug)).toEqual(['digest', 'welcome']);
    expect((await run(['list', '--service', 'shop'])).printed).toEqual(['The message store keeps no templates.']);
  });

  it.each([80, 40, 20])('list fits a terminal of %s columns', async (columns) => {
    await push.templates.save({
      slug: 'order',
      title: 'A title that is longer than any line of a terminal, and goes on',
    });
    const { printed } = await run(['list'], columns);
    expect(printed.length).toBeGreaterThan(1);
    for (const line of printed) expect(line.length).toBeLessThanOrEqual(columns);
  });

  it('show prints the texts as they are written, of the latest version or of another one', async () => {
    await push.templates.save({ ...welcome, title: 'Welcome, {{ name }}' });
    expect((await run(['show', 'welcome'])).printed).toEqual([
      'slug       welcome',
      'version    2',
      'active     yes',
      expect.stringMatching(/^saved {6}\S+Z \(\d+s ago\)$/),
      'event      welcomed',
      'title      Welcome, {{ name }}',
      'body       Good to see you.',
      '           Your order {{ order.id }} is on its way.',
      'url        /orders/{{ order.id }}',
      'data       {"id":"{{ order.id }}"}',
      'in de:',
      'title      Hallo {{ name }}',
    ]);
    expect((await run(['show', 'welcome', '--number', '1'])).printed).toContain('title      Hello {{ name }}');
    expect(await run(['show', 'nothing'])).toEqual({
      exitCode: 1,
      printed: [],
      complaints: ['error: The message store keeps no template "nothing".'],
    });
  });

  it.each([true, false])('list and show know the templates in code, with a message store: %s', async (hasStore) => {
    const module = join(import.meta.dirname, '../fixtures/work/templates-in-code.mjs');
    vi.stubEnv('TEST_STORE', hasStore ? store : '');
    onTestFinished(() => void vi.unstubAllEnvs());
    const path = `${module.slice(0, -4)}-${hasStore}.run.mjs`;
    copyFileSync(module, path);
    onTestFinished(() => rmSync(path));
    const list = await run(['list', path]);
    expect(list.exitCode).toBe(0);
    expect(list.printed.at(-1)).toMatch(/^in-code {2}code {5}yes +de {7}News of \{\{ day \}\}$/);
    expect(list.complaints).toEqual(
      hasStore ? [] : [expect.stringMatching(/^Only those in code: templates\.list\(\) needs a message store/)],
    );
    expect((await run(['show', 'in-code', path])).printed).toEqual([
      'slug       in-code',
      'version    code',
      'active     yes',
      'title      News of {{ day }}',
      'in de:',
      'title      Neues vom {{ day }}',
    ]);
  });

  it('preview renders a template for a locale and sends nothing, with control characters written out', async () => {
    expect(await run(['preview', 'welcome', '--context', context, '--locale', 'de-AT'])).toEqual({
      exitCode: 0,
      printed: [
        'title      Hallo Ann \\u001b[31m',
        'body       Good to see you.',
        '           Your order 42 is on its way.',
        'url        /orders/42',
        'data       {"id":42}',
        'locale     de',
      ],
      complaints: [],
    });
    expect(await push.messages.count()).toBe(0);
    const { printed } = await run(['preview', 'welcome', '--context', context, '--json']);
    expect(JSON.parse(printed[0] ?? '')).toMatchObject({ title: 'Hello Ann \u001b[31m', data: { id: 42 } });
  });

  it.each<[string, string[], RegExp]>([
    [
      'a variable that the context does not have, with its line',
      ['preview', 'welcome', '--context', '{"name":"Ann"}'],
      /^error: The template "welcome" \(version 1\), "url", line 1, column 12: the context has no "order", near "\/orders/,
    ],
    ['a slug that there is not', ['preview', 'nothing'], /^error: There is no template "nothing"/],
    ['a context that is no object', ['preview', 'welcome', '--context', '[1]'], /It must be a JSON object/],
    ['a version of 0', ['show', 'welcome', '--number', '0'], /It must be at least 1/],
  ])('refuses %s', async (_what, args, words) => {
    const { exitCode, printed, complaints } = await run(args);
    expect({ exitCode, printed }).toEqual({ exitCode: 2, printed: [] });
    expect(complaints).toEqual([expect.stringMatching(words)]);
  });

  it.each([[['--help']], [['list', '--help']], [['show', '--help']], [['preview', '--help']]])(
    '%s ends with an example',
    async (args) => {
      const { exitCode, printed } = await run(args);
      expect(exitCode).toBe(0);
      expect(printed.join('\n')).toMatch(/\nExample: {3}pushrail templates \w+ /);
    },
  );
});

describe('renderTemplate', () => {
  it('renders a template in code, and one of the store, also where it is not active', async () => {
    push.template('news', { title: 'News of {{ day }}', isActive: false });
    expect(await push.renderTemplate({ slug: 'news', context: { day: 'Friday' } })).toMatchObject({
      title: 'News of Friday',
    });
    await expect(push.renderTemplate({ slug: 'news' })).rejects.toMatchObject({ code: 'VALIDATION' });
    await expect(push.renderTemplate({ slug: 'news', contxt: {} } as never)).rejects.toThrow(
      'renderTemplate() has no option "contxt"; did you mean "context"?',
    );
  });
});
