import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { checkOptions } from '../../src/backends/pusher/options.js';

const root = join(import.meta.dirname, '../..');
const document = readFileSync(join(root, 'docs/backends/pusher.md'), 'utf8');
const source = readFileSync(join(root, 'src/backends/pusher/options.ts'), 'utf8');

/** The options' rows: name and default. */
function rows(): readonly (readonly [string, string])[] {
  const [, section = ''] = document.split('\n## Options\n');
  return [...(section.split(/\n## /)[0]?.matchAll(/^\| `(\w+)` \| ([^|]+) \|/gm) ?? [])].map(
    ([, name = '', shown = '']) => [name, shown],
  );
}

it('docs/backends/pusher.md lists each option of the pusher backend, in its order', () => {
  const declared = [...source.matchAll(/^ {2}(\w+)\?:/gm)].map(([, name]) => name);
  expect(rows().map(([name]) => name)).toEqual(declared);
});

it('docs/backends/pusher.md tells the defaults that are filled in', () => {
  const defaults = Object.entries(checkOptions({})).filter(([, value]) => value !== undefined);
  const told = Object.fromEntries(rows().map(([name, shown]) => [name, shown.replaceAll(/(?<=\d) (?=\d)/g, '')]));
  expect(defaults).not.toHaveLength(0);
  for (const [name, value] of defaults) expect([name, told[name]]).toEqual([name, String(value)]);
});
