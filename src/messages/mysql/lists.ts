/**
 * The values of a list, and as many places. A power of two of them, so that a connection keeps few statements: the last
 * value fills the rest.
 */
export function listed(values: readonly string[]): { readonly places: string; readonly values: readonly string[] } {
  if (values.length === 0) return { places: 'NULL', values: [] };
  const padded = paddedToPower(values);
  return { places: padded.map(() => '?').join(', '), values: padded };
}

/** A list that is not empty, with its last item again and again up to a power of two of items. */
export function paddedToPower<Item>(items: readonly Item[]): readonly Item[] {
  const size = 2 ** Math.ceil(Math.log2(items.length));
  return [...items, ...new Array<Item>(size - items.length).fill(items.at(-1) as Item)];
}

/**
 * Behind the name of a table, so that a list of ids is looked up. Of a small table MySQL would rather read all rows,
 * and wait for whoever has locked any.
 */
export const byId = 'FORCE INDEX (PRIMARY)';

/** Most rows of one statement. */
const MOST_ROWS = 64;
/** Most characters of one statement. The least `max_allowed_packet` that servers come with is 1 MB. */
const MOST_CHARACTERS = 250_000;

/**
 * Cuts rows into parts, each for one statement, of a power of two of rows.
 * @param most rows of a part, a power of two
 */
export function* parts<Row>(
  rows: Iterable<Row>,
  lengthOf: (row: Row) => number = () => 0,
  most: number = MOST_ROWS,
): Generator<readonly Row[]> {
  let [fitting, length]: [Row[], number] = [[], 0];
  for (const row of rows) {
    const own = lengthOf(row);
    if (fitting.length === most || (fitting.length > 0 && length + own > MOST_CHARACTERS)) {
      yield* powers(fitting);
      [fitting, length] = [[], 0];
    }
    fitting.push(row);
    length += own;
  }
  yield* powers(fitting);
}

function* powers<Row>(rows: readonly Row[]): Generator<readonly Row[]> {
  for (let start = 0; start < rows.length; ) {
    const size = 2 ** Math.floor(Math.log2(rows.length - start));
    yield rows.slice(start, start + size);
    start += size;
  }
}

/** Cuts a list of ids into parts for statements that name them. */
export function portions<Item>(items: readonly Item[], size = 512): readonly (readonly Item[])[] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, part) =>
    items.slice(part * size, (part + 1) * size),
  );
}

/** The places of some rows. @param row those of one, in parentheses */
export function rowsOf(row: string, count: number): string {
  return new Array<string>(count).fill(row).join(', ');
}
