import { describe, expect, it } from 'vitest';
import { fitted, visible, widthOf } from '../../src/cli/printable.js';
import { table, wrapped } from '../../src/cli/table.js';

describe('visible', () => {
  it('writes out what a terminal would obey, and leaves the rest', () => {
    expect(visible('a\u001b[31m\u0007\u007f\u009b\u202e\u2066\u2028\r\n\tz')).toBe(
      'a\\u001b[31m\\u0007\\u007f\\u009b\\u202e\\u2066\\u2028\\u000d\\u000a\\u0009z',
    );
    expect(visible('注文 📦 é ‑ “x”')).toBe('注文 📦 é ‑ “x”');
  });

  it('keeps the value of JSON', () => {
    const value = { 'k\u009b': ['\u001b[2J', '\u202e', '\\u001b', '\u2028'] };
    expect(JSON.parse(visible(JSON.stringify(value)))).toEqual(value);
  });
});

describe('the width of a text', () => {
  it.each<[string, number]>([
    ['', 0],
    ['plain', 5],
    ['é e\u0301', 3],
    ['注文', 4],
    ['📦👩‍👩‍👧', 4],
    ['한글ｘ', 6],
  ])('is that of %s on a terminal', (text, width) => {
    expect(widthOf(text)).toBe(width);
  });

  it('is not exceeded where a text is cut', () => {
    expect(fitted('orders', 6)).toBe('orders');
    expect(fitted('orders', 5)).toBe('orde…');
    expect(fitted('注文が発送', 6)).toBe('注文…');
    expect(fitted('注文', 1)).toBe('…');
  });
});

describe('a table', () => {
  const columns = [{ title: 'A', min: 4 }, { title: 'B', min: 6 }, { title: 'ID' }];
  const rows = [
    ['short', 'a longer text', 'id-1'],
    ['x', 'y', 'id-22'],
  ];

  it('is as wide as its texts, and narrows the widest column first', () => {
    expect(table(columns, rows)).toEqual([
      'A      B              ID',
      'short  a longer text  id-1',
      'x      y              id-22',
    ]);
    expect(table(columns, rows, 22)).toEqual([
      'A      B         ID',
      'short  a longe…  id-1',
      'x      y         id-22',
    ]);
  });

  it('does not fit when each column is as narrow as it may be', () => {
    expect(table(columns, rows, 19)).toEqual(['A     B       ID', 'sho…  a lon…  id-1', 'x     y       id-22']);
    expect(table(columns, rows, 18)).toBeUndefined();
  });
});

it('a long text is broken at blanks, and within a word that is longer than a line', () => {
  expect(wrapped('one two three', 10)).toEqual(['one two', 'three']);
  expect(wrapped(`a ${'x'.repeat(25)} b`, 10)).toEqual(['a', 'x'.repeat(10), 'x'.repeat(10), 'xxxxx b']);
  expect(wrapped('as it is', Number.POSITIVE_INFINITY)).toEqual(['as it is']);
});
