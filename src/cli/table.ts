import { fitted, widthOf } from './printable.js';

/** A column of a table. */
export interface Column {
  readonly title: string;
  /** Narrowest that it may become, in columns of the terminal; without it, it keeps the width of its longest text. */
  readonly min?: number;
}

const GAP = '  ';

/**
 * The lines of a table that fits a width, with its titles.
 * @param rows texts for each column, made for a terminal
 * @param width undefined: as wide as it becomes
 * @returns undefined when it cannot fit
 */
export function table(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  width: number = Number.POSITIVE_INFINITY,
): readonly string[] | undefined {
  const all = [columns.map(({ title }) => title), ...rows];
  const widths = columns.map((_, place) => Math.max(...all.map((row) => widthOf(row[place] ?? ''))));
  const total = (): number => widths.reduce((sum, each) => sum + each, GAP.length * (columns.length - 1));
  while (total() > width) {
    // The widest gives way first.
    let widest: number | undefined;
    for (const [place, { min }] of columns.entries()) {
      const own = widths[place] ?? 0;
      if (min === undefined || own <= Math.max(min, widthOf(columns[place]?.title ?? ''))) continue;
      if (widest === undefined || own > (widths[widest] ?? 0)) widest = place;
    }
    if (widest === undefined) return undefined;
    widths[widest] = (widths[widest] ?? 0) - 1;
  }
  return all.map((row) =>
    row
      .map((text, place) => padded(text, widths[place] ?? 0))
      .join(GAP)
      .trimEnd(),
  );
}

function padded(text: string, width: number): string {
  const own = fitted(text, width);
  return own + ' '.repeat(Math.max(0, width - widthOf(own)));
}

/** Width of the names before their values. */
const NAME_WIDTH = 11;
/** A terminal where an id does not fit beside its name. */
const NARROW = 60;

/**
 * Lines that name values, such as `state      SENT`. What is undefined or empty is left out.
 * @param values made for a terminal; a value may have several lines
 */
export function named(
  values: readonly (readonly [name: string, value: string | undefined])[],
  width: number = Number.POSITIVE_INFINITY,
): readonly string[] {
  return values.flatMap(([name, value]) => {
    if (value === undefined || value === '') return [];
    const room = width < NARROW ? width - 2 : width - NAME_WIDTH;
    const lines = value.split('\n').flatMap((line) => wrapped(line, room));
    if (width < NARROW) return [name, ...lines.map((line) => `  ${line}`)];
    return lines.map((line, place) => ((place === 0 ? name : '').padEnd(NAME_WIDTH) + line).trimEnd());
  });
}

/** A text in lines of a width, broken at blanks where that can be. */
export function wrapped(text: string, width: number): readonly string[] {
  const room = Math.max(10, width);
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    let rest = line === '' ? word : ` ${word}`;
    if (line !== '' && widthOf(line + rest) > room) {
      lines.push(line);
      line = '';
      rest = word;
    }
    line += rest;
    while (widthOf(line) > room) {
      const head = fitted(line, room + 1).slice(0, -1);
      lines.push(head);
      line = line.slice(head.length);
    }
  }
  return [...lines, line];
}
