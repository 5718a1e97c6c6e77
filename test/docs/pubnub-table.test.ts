import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { checkOptions } from '../../src/backends/pubnub/options.js';

const root = join(import.meta.dirname, '../..');

/** The rows of the table under a heading of the document, as cells without their back-ticks. */
function table(heading: string): readonly (readonly string[])[] {
  const [, section = ''] = readFileSync(join(root, 'docs/backends/pubnub.md'), 'utf8').split(`\n${heading}\n`);
  const [text = ''] = section.split(/\n## /);
  return text
    .split('\n')
    .filter((line) => line.startsWith('| '))
    .slice(2)
    .map((row) => row.split(' | ').map((cell) => cell.replaceAll(/^\| | ?\|$|`/g, '').trim()));
}

/** The keys of an interface of the sources. */
function keysOf(file: string, name: string): readonly (string | undefined)[] {
  const [, declared = ''] = readFileSync(join(root, 'src/backends/pubnub', file), 'utf8').split(`interface ${name} {`);
  return [...(declared.split('\n}')[0] ?? '').matchAll(/^ {2}(?:readonly )?(\w+)\?:/gm)].map(([, key]) => key);
}

describe('the document of the pubnub backend', () => {
  it('lists each option with its default', () => {
    const defaults = checkOptions({}) as Readonly<Record<string, unknown>>;
    const rows = table('## Options');
    expect(rows.map(([name]) => name)).toEqual(keysOf('options.ts', 'PubNubOptions'));
    for (const [name = '', shown = ''] of rows) {
      if (Object.hasOwn(defaults, name))
        expect([name, shown.replaceAll(/(?<=\d) (?=\d)/g, '')]).toEqual([name, String(defaults[name])]);
    }
  });

  it('lists each option of a message', () => {
    expect(table('## For one message').map(([name]) => name)).toEqual(
      keysOf('message-options.ts', 'PubNubMessageOptions'),
    );
  });
});
