// What the transactions of Kysely and Drizzle have in common on all databases. They are told apart by what they can do,
// so that none of their packages is loaded here.

/** An object by its methods. */
export type Methods = Readonly<Record<string, (...values: never[]) => unknown>>;

/** Makes the error for what is no transaction. */
type Refused = (what: string) => Error;

/** Whether an object has methods of these names. */
export function has(value: object, ...methods: readonly string[]): value is Methods {
  return methods.every((method) => typeof Reflect.get(value, method) === 'function');
}

/** What Kysely answers. */
interface KyselyResult {
  readonly rows: readonly unknown[];
  readonly numAffectedRows?: bigint;
}

/** A transaction of Kysely as what runs statements. @throws what `refused` makes, for Kysely itself */
export function kyselyTransaction(
  value: Methods,
  refused: Refused,
): (text: string, values?: readonly unknown[]) => Promise<KyselyResult> {
  if ((value as object as { readonly isTransaction?: unknown }).isTransaction !== true)
    throw refused('not the Kysely instance itself: pass what db.transaction().execute() hands to its callback');
  const transaction = value as object as { executeQuery(query: object): Promise<KyselyResult> };
  return (text, values = []) =>
    transaction.executeQuery({
      sql: text,
      parameters: values,
      query: { kind: 'RawNode', sqlFragments: [text], parameters: [] },
      queryId: { queryId: 'pushrail' },
    });
}

/** A transaction of Drizzle as what runs statements. @throws what `refused` makes, for Drizzle itself */
export function drizzleTransaction(
  value: Methods,
  refused: Refused,
): (text: string, values?: readonly unknown[]) => Promise<unknown> {
  if (!has(value, 'rollback'))
    throw refused('not the Drizzle database itself: pass what db.transaction() hands to its callback');
  const transaction = value as object as { execute(query: object): Promise<unknown> };
  return async (text, values = []) => {
    // What Drizzle asks of an SQL object.
    const sql = { getSQL: () => sql, toQuery: () => ({ sql: text, params: [...values] }) };
    // Not a promise: it runs the statement once more for each `then`.
    return await transaction.execute(sql);
  };
}
