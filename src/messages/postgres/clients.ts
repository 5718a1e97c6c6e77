// What this store needs of the package `pg`. No type of the package is in the types of this one.

/** A statement, as clients of `pg` take it. */
export interface PostgresStatement {
  readonly text: string;
  /** The name under which a connection keeps it prepared. */
  readonly name?: string;
  readonly values?: unknown[];
}

/** Whatever runs statements as a client of `pg` does. */
export interface QueryableLike {
  query(statement: PostgresStatement): Promise<{ readonly rows: readonly unknown[] }>;
}

/** A client that a pool has given out: `PoolClient` of `pg`. */
export interface PoolClientLike extends QueryableLike {
  /** @param destroy whether the connection is closed, and not used again */
  release(destroy?: boolean): void;
  on(event: string, listener: (message?: unknown) => void): unknown;
  removeListener(event: string, listener: (message?: unknown) => void): unknown;
}

/** A `Pool` of the package `pg`, which the application makes and ends. */
export interface PoolLike {
  connect(): Promise<PoolClientLike>;
  /** Tells it apart from a client. */
  readonly totalCount: number;
}
