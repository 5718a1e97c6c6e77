import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { listedBackends } from '../../scripts/registry.ts';
import { isComposite } from '../../src/backends/built-in.js';
import { checkComposite } from '../../src/backends/composite/options.js';
import { ConsoleService } from '../../src/backends/console/index.js';

const page = readFileSync(join(import.meta.dirname, '../../docs/backends/composites.md'), 'utf8');

/** The first two cells of each row of the first table under a heading, without their back-ticks. */
function rows(heading: string): readonly (readonly [name: string, next: string])[] {
  const [, section = ''] = `\n${page}`.split(`\n${heading}\n`);
  const [table = ''] = section.slice(section.indexOf('\n| ') + 1).split('\n\n');
  return table
    .split('\n')
    .slice(2)
    .map((line) => {
      const [, name = '', next = ''] = line.split('|').map((cell) => cell.replaceAll('`', '').trim());
      return [name, next];
    });
}

describe('docs/backends/composites.md', () => {
  it('lists each option of the circuit breaker with its default', () => {
    const backends = [new ConsoleService(), new ConsoleService()];
    const { backends: _given, ...defaults } = checkComposite({ options: { backends } }, 'failover');
    const told = rows('## The circuit breaker').map(([name, shown]) => [name, Number(shown.replaceAll(' ', ''))]);
    expect(Object.fromEntries(told)).toEqual(defaults);
  });

  it('tells of each composite', () => {
    const composites = listedBackends(join(import.meta.dirname, '../..')).filter(({ name }) => isComposite(name));
    expect(rows('# Several backends as one').map(([name]) => name.replace(/\(.*/, ''))).toEqual(
      composites.map(({ name }) => name),
    );
  });
});
