import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it, onTestFinished } from 'vitest';

const root = join(import.meta.dirname, '../..');
const example = 'examples/newsletter';

/** Runs a program of Node in the root of the repository. @returns what it printed @throws when it fails */
function runner(PUSH_MESSAGES: string): (...program: readonly string[]) => Promise<string> {
  return async (...program) => {
    const options = { cwd: root, env: { ...process.env, PUSH_MESSAGES }, timeout: 60_000 };
    const flags = ['--disable-warning=ExperimentalWarning'];
    return (await promisify(execFile)(process.execPath, [...flags, ...program], options)).stdout;
  };
}

it('a template in two languages goes to a thousand readers, by the commands of its README', {
  timeout: 90_000,
}, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'pushrail-newsletter-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const run = runner(`sqlite:${join(folder, 'push.db')}`);

  expect(await run(`${example}/newsletter.js`)).toBe(`960 messages wait, and 40 readers have unsubscribed. Some of them:
  en: Autumn at the shop. Hello Ann, 12 new lamps are here, for you with 10 % off.
  de: Herbst im Laden. Hallo Ben, 12 neue Lampen sind da.
  de-AT: Herbst im Laden. Servus Cleo, 12 neue Lampen sind da.
`);

  const sent = await run('dist/cli/main.js', 'send-batch', `${example}/push.js`, '--concurrency', '100');
  expect(sent).toMatch(/^960 sent in [\d.]+ s\.$/m);

  const list = async (...options: readonly string[]): Promise<readonly string[]> => {
    const printed = await run('dist/cli/main.js', 'messages', `${example}/push.js`, '--json', ...options);
    return printed.trim().split('\n');
  };
  expect(await list('--state', 'SENT', '--limit', '1000')).toHaveLength(960);
  const unsubscribed = await list('--state', 'SKIPPED', '--limit', '1000');
  // Nothing is rendered for them, so that they share a record.
  expect(unsubscribed).toHaveLength(1);
  const record = JSON.parse(unsubscribed[0] ?? '') as { readonly recipients: { readonly users: readonly string[] } };
  expect(record).toMatchObject({ reason: 'canSend', template: { slug: 'autumn' } });
  expect(record.recipients.users).toHaveLength(40);

  const preview = await run(
    'dist/cli/main.js',
    ...['templates', 'preview', 'autumn', `${example}/push.js`, '--locale', 'de-AT'],
    ...['--context', '{"id":1,"name":"Ann","lamps":12,"isFriend":true}'],
  );
  expect(preview).toContain('Servus Ann, 12 neue Lampen sind da, für dich 10 % billiger.');
});
