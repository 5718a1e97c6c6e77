import { spawnSync } from 'node:child_process';
import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

// The files *.test-d.ts beside this one are not run: the compiler checks them, as part of `npm run check`. Here it is shown that each
// of their expectations can fail. In a copy of each file every expectation is turned into its opposite, and the compiler has to complain
// of every one of them, and of nothing else.

const root = join(import.meta.dirname, '../..');
const files = globSync('*.test-d.ts', { cwd: import.meta.dirname });

/** The opposite of what a line expects. */
function turned(line: string): string {
  if (/^ *\/\/ @ts-expect-error/.test(line)) return '//';
  if (/\.not\.to[A-Z]/.test(line)) return line.replace('.not.', '.');
  return line.replace(/\.(to[A-Z]\w+)(?=[<(])/, '.not.$1');
}

/** The lines, from 1, on which the compiler has to complain of the opposite. */
function turnedLines(text: string): number[] {
  return text.split('\n').flatMap((line, index) => {
    if (turned(line) === line) return [];
    return turned(line) === '//' ? [index + 2] : [index + 1];
  });
}

describe('the expectations of types', () => {
  // Inside the repository, so that the copies find the package and those that it needs.
  const workshop = mkdtempSync(join(import.meta.dirname, '.run-'));
  let complaints = '';

  beforeAll(() => {
    for (const file of files) {
      const text = readFileSync(join(import.meta.dirname, file), 'utf8');
      writeFileSync(join(workshop, file), text.split('\n').map(turned).join('\n'));
    }
    const settings = { extends: join(root, 'tsconfig.json'), include: ['*.ts'], compilerOptions: { rootDir: root } };
    writeFileSync(join(workshop, 'tsconfig.json'), JSON.stringify(settings));
    const compiler = join(root, 'node_modules/typescript/bin/tsc');
    complaints = spawnSync(process.execPath, [compiler, '-p', workshop, '--pretty', 'false'], {
      cwd: workshop,
      encoding: 'utf8',
    }).stdout;
  }, 60_000);

  afterAll(() => rmSync(workshop, { recursive: true, force: true }));

  it.each(files)('%s fails at each of its expectations when it is turned round', (file) => {
    const expected = turnedLines(readFileSync(join(import.meta.dirname, file), 'utf8'));
    expect(expected.length).toBeGreaterThan(10);
    const found = [...complaints.matchAll(/^(\S+?)\((\d+),\d+\): error/gm)].filter(([, path]) => path === file);
    expect([...new Set(found.map(([, , line]) => Number(line)))].sort((a, b) => a - b)).toEqual(expected);
  });
});
