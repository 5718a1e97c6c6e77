import { expect } from 'vitest';
import { checkOptions } from '../../src/server/checked-options.js';
import type { CodeBlock } from './document.js';

/** Checks the form of settings of another program, and what they say of the embedded server. */
export function checkConfiguration({ language, text }: CodeBlock): void {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  if (language === 'yaml') checkYaml(lines);
  if (language === 'nginx' || language === 'caddy') checkBlocks(lines, language === 'nginx' ? ';' : '');
  if (language === 'ini') for (const line of lines) expect(line).toMatch(/^(?:\[\w+\]|\w+=\S.*)$/);
  if (language === 'dockerfile')
    for (const line of lines) expect(line).toMatch(/^(?:FROM|WORKDIR|COPY|RUN|USER|EXPOSE|CMD) \S/);
  // At these paths the embedded server answers.
  const paths = [...text.matchAll(/\bpath: ([^\s,]+)/g)].map(([, path]) => path);
  expect(['/up', '/metrics']).toEqual(expect.arrayContaining(paths));
  checkPatience(text);
}

/** Keys and values, two spaces deeper at a time below a key without a value. */
function checkYaml(lines: readonly string[]): void {
  let deepest = 0;
  for (const line of lines) {
    expect(line).toMatch(/^(?: {2})*(?:- )?\w+:(?: \S.*)?$/);
    expect(line.search(/\S/), line).toBeLessThanOrEqual(deepest);
    deepest = line.search(/\w/) + (line.endsWith(':') ? 2 : 0);
  }
}

/** Directives within braces, two spaces deeper at a time. @param end what ends a directive */
function checkBlocks(lines: readonly string[], end: string): void {
  let depth = 0;
  for (const line of lines) {
    if (line.trim() === '}') depth--;
    expect(line.search(/\S/), line).toBe(2 * depth);
    if (line.endsWith('{')) depth++;
    else if (line.trim() !== '}') expect(line.endsWith(end), line).toBe(true);
  }
  expect(depth).toBe(0);
}

/** A proxy must wait longer than the embedded server leaves a page in peace. */
function checkPatience(text: string): void {
  const { activityTimeoutSeconds, pongTimeoutSeconds } = checkOptions({});
  for (const [line, seconds] of text.matchAll(/proxy_read_timeout (\d+)s/g))
    expect(Number(seconds), line).toBeGreaterThanOrEqual(activityTimeoutSeconds + pongTimeoutSeconds);
}
