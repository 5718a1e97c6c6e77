import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';

const checker = join(import.meta.dirname, '../scripts/check-regular-expressions.js');

/** What the checker says of a file with these lines, and its exit code. */
function check(lines: readonly string[]): { said: readonly string[]; exitCode: number | null } {
  const folder = mkdtempSync(join(tmpdir(), 'pushrail-expressions-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  mkdirSync(join(folder, 'src/within'), { recursive: true });
  writeFileSync(join(folder, 'src/within/a.ts'), lines.join('\n'));
  const { stdout, stderr, status } = spawnSync(process.execPath, [checker, 'src'], { cwd: folder, encoding: 'utf8' });
  expect(stderr).not.toContain('Error');
  return { said: stdout.trim().split('\n'), exitCode: status };
}

describe('the check of regular expressions', () => {
  it('refuses each one whose time grows faster than the text', () => {
    const at = (line: number, fault: string) => `${join('src', 'within', 'a.ts')}:${line}: ${fault}`;
    expect(
      check([
        "export const base = (path: string): string => path.replace(/[^/]*(?:\\?.*)?$/, '');",
        "export const oneLine = (text: string): string => text.replaceAll(/\\s*\\n\\s*/g, ' ');",
        'export const addresses = [/:\\/\\/.*@/, /(?:\\b(?<scheme>x+):)/];',
        'export const words = /^(?:\\w|\\d)+$/;',
        'export const often = /^(?:a|b|[ab]){30}$/;',
        'export const ahead = /#(?!.*$)/;',
        'export const behind = /(?<=a.*)b/;',
        'export const twice = /^(x)(a*)\\2$/;',
        "export const constant = new RegExp('a+b', 'i');",
        'export const wildcard = (host: string): RegExp => new RegExp("^" + host);',
        "export const flagged = (flags: string): RegExp => new RegExp('^a', flags);",
        'export const called = (text: string): RegExp => globalThis.RegExp(text);',
      ]),
    ).toEqual({
      said: [
        at(1, '/[^/]*(?:\\?.*)?$/ takes 3rd degree polynomial time'),
        at(2, '/\\s*\\n\\s*/g takes 2nd degree polynomial time'),
        at(3, '/:\\/\\/.*@/ takes 2nd degree polynomial time'),
        at(3, '/(?:\\b(?<scheme>x+):)/ takes 2nd degree polynomial time'),
        at(4, '/^(?:\\w|\\d)+$/ takes exponential time'),
        at(5, '/^(?:a|b|[ab]){30}$/ takes exponential time'),
        at(6, '/#(?!.*$)/ takes 2nd degree polynomial time'),
        at(7, '/(?<=a.*)b/ cannot be judged: look-behind assertion'),
        at(8, '/^(x)(a*)\\2$/ cannot be judged: back-reference'),
        at(9, "new RegExp('a+b', 'i') takes 2nd degree polynomial time"),
        at(10, 'new RegExp("^" + host) is made at run time, so nobody can say how long it takes'),
        at(11, "new RegExp('^a', flags) is made at run time, so nobody can say how long it takes"),
        at(12, 'globalThis.RegExp(text) is made at run time, so nobody can say how long it takes'),
      ],
      exitCode: 1,
    });
  });

  it('lets the others be, and one that is made only to see whether it can be', () => {
    expect(
      check([
        'export const linear = [/^\\/app\\/([^/]+)\\/?$/, /(?<!a)(:\\/\\/)[^\\s/@]*@/g, /^.*?(?:, reason: |: (?=[^/]))/s];',
        'export const fixed = /\\b(?:a|a){1,5}(?<!0)[0-9a-f]{64}(?![0-9a-f])/;',
        'export function checkPattern(pattern: string): void {',
        '  new RegExp(pattern);',
        '}',
      ]),
    ).toEqual({ said: [''], exitCode: 0 });
  });
});
