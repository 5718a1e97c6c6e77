import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { messageOptionsSchema } from '../../src/backends/onesignal/message-options.js';
import { checkOptions } from '../../src/backends/onesignal/options.js';

const root = join(import.meta.dirname, '../..');

function read(path: string): string {
  return readFileSync(join(root, path), 'utf8');
}

/** The first two cells of each row of the table under a heading, without their back-ticks. */
function rows(heading: string): readonly (readonly [name: string, next: string])[] {
  const [, section = ''] = read('docs/backends/onesignal.md').split(`\n## ${heading}\n`);
  const lines = (section.split('\n## ')[0] ?? '').split('\n').filter((line) => line.startsWith('| '));
  return lines.slice(2).map((line) => {
    const [, name = '', next = ''] = line.split('|').map((cell) => cell.replaceAll('`', '').trim());
    return [name, next];
  });
}

/** The keys that an interface or a type of a file declares. */
function declared(file: string, opening: string): readonly string[] {
  const [, body = ''] = read(`src/backends/onesignal/${file}`).split(opening);
  return [...(body.split('\n}')[0] ?? '').matchAll(/^ {2}(\w+)\?:/gm)].map(([, name = '']) => name);
}

describe('docs/backends/onesignal.md', () => {
  it('lists each option with its default', () => {
    const defaults: Readonly<Record<string, unknown>> = { ...checkOptions({}, true) };
    expect(rows('Options').map(([name]) => name)).toEqual(
      declared('options.ts', 'export interface OneSignalOptions {'),
    );
    for (const [name, shown] of rows('Options')) {
      if (name in defaults) expect(shown.replaceAll(/(?<=\d) (?=\d)/g, '')).toBe(String(defaults[name]));
    }
    const shownAsNone = rows('Options').filter(([name]) => !(name in defaults));
    expect(shownAsNone.map(([name]) => name)).toEqual([
      'recipient',
      'defaults',
      'webhookSecret',
      'proxy',
      'identityPrivateKey',
      'OneSignal',
    ]);
  });

  it('lists each option of a message', () => {
    const listed = rows('Options of a message').map(([name]) => name);
    expect(listed).toEqual(declared('message-options.ts', 'export type OneSignalMessageOptions = {'));
    expect(listed).toEqual(Object.keys(messageOptionsSchema().shape));
  });
});
