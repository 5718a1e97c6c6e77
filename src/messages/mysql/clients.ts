// What this store needs of the package `mysql2`. No type of the package is in the types of this one.

/** A pool of the package `mysql2` or `mysql2/promise`, which the application makes and ends. */
export interface MysqlPoolLike {
  getConnection(...values: never[]): unknown;
  execute(...values: never[]): unknown;
  end(...values: never[]): unknown;
}

/** A statement, as connections of `mysql2` take it. */
interface MysqlStatement {
  readonly sql: string;
  readonly values?: unknown[];
  // Whatever the application's pool is set to.
  readonly rowsAsArray: false;
  readonly nestTables: false;
  readonly typeCast: true;
  readonly namedPlaceholders: false;
}

type Answer = (error: Error | null, result?: unknown) => void;

/** A connection with callbacks, which is within that of `mysql2/promise`. */
export interface CoreConnection {
  /** Sends a statement as text. */
  query(statement: MysqlStatement, answer: Answer): unknown;
  /** Sends a statement that the connection keeps prepared. */
  execute(statement: MysqlStatement, answer: Answer): unknown;
}

/** A connection that a pool has given out. */
export interface CorePoolConnection extends CoreConnection {
  release(): void;
  destroy(): void;
  on(event: 'error', listener: () => void): unknown;
  removeListener(event: 'error', listener: () => void): unknown;
}

/** A pool with callbacks, which is within that of `mysql2/promise`. */
export interface CorePool {
  getConnection(answer: (error: Error | null, connection?: CorePoolConnection) => void): void;
  end(answer: (error?: Error | null) => void): void;
}

/** What a statement came to. */
export interface Result<Row> {
  readonly rows: readonly Row[];
  /** How many rows it has inserted, deleted, or found to update. */
  readonly affected: number;
  /** The flags of the connection behind the statement; undefined for one that gives rows. */
  readonly status: number | undefined;
}

/** Runs one statement: with values it is prepared. */
export type Run = <Row>(text: string, values?: readonly unknown[]) => Promise<Result<Row>>;

/** A connection as what runs statements. */
export function runOn(connection: CoreConnection): Run {
  return (text, values) =>
    new Promise((resolve, reject) => {
      const statement = { sql: text, rowsAsArray: false, nestTables: false, typeCast: true, namedPlaceholders: false };
      const answer: Answer = (error, result) => (error ? reject(error) : resolve(resultOf(result)));
      if (values === undefined) connection.query(statement as MysqlStatement, answer);
      else connection.execute({ ...statement, values: [...values] } as MysqlStatement, answer);
    });
}

/** What `mysql2` answers, for a statement that gives rows, and for another one. */
export function resultOf(result: unknown): Result<never> {
  if (Array.isArray(result)) return { rows: result as never[], affected: 0, status: undefined };
  const { affectedRows, serverStatus } = Object(result) as { affectedRows?: number; serverStatus?: number };
  return { rows: [], affected: affectedRows ?? 0, status: serverStatus };
}
