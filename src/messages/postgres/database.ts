import { createHash } from 'node:crypto';
import { inTransaction, PooledDatabase, type PoolOwner } from '../sql/pooled-database.js';
import type { PoolClientLike, PoolLike, PostgresStatement, QueryableLike } from './clients.js';
import { isCollision, isConnectionLost, storeFailure } from './failures.js';

/** The names of all tables, which are fixed. */
const tableName =
  /\bpushrail_(?:messages|recipients|related|outcomes|idempotency|templates|template_versions|migrations)\b/g;

/** How this store reaches its database. */
export interface DatabaseOptions {
  /** The schema that the tables are in. @default the search path of the connection */
  readonly schema: string | undefined;
  /** The time for each call, in milliseconds. */
  readonly timeout: number;
  /** Whether connections keep the statements that run often. */
  readonly prepare: boolean;
  /** Takes the password out of a text. */
  readonly redact: (text: string) => string;
}

/** A statement of this store. */
export interface Prepared {
  readonly text: string;
  readonly name?: string;
}

/** Runs one statement. */
export type Run = <Row>(text: string | Prepared, values?: readonly unknown[]) => Promise<readonly Row[]>;

/** The pool, with the statements and transactions of this store. */
export class Database extends PooledDatabase<PoolLike, PoolClientLike, Run> {
  readonly #options: DatabaseOptions;

  constructor(options: DatabaseOptions, owner: PoolOwner<PoolLike>) {
    const client = {
      store: 'postgres',
      database: 'PostgreSQL',
      ...{ connect, release, runOn, isCollision, isConnectionLost },
      failure: (error: unknown, stage: 'connect' | 'query') => storeFailure(error, stage, options.redact),
    };
    super(client, owner, options.timeout);
    this.#options = options;
  }

  /** A statement with the names of its tables, and a name if it runs often. */
  statement(text: string, hotName?: string): Prepared {
    const { schema, prepare } = this.#options;
    const quoted = schema === undefined ? text : text.replace(tableName, `"${schema}".$&`);
    if (hotName === undefined || !prepare) return { text: quoted };
    // A connection refuses another text under the same name, and a pool may serve several stores.
    const digest = createHash('sha256').update(quoted).digest('hex').slice(0, 16);
    return { text: quoted, name: `pushrail_${hotName}_${digest}` };
  }

  /** Runs a statement in a transaction of its own; again, when another one is in its way. */
  readonly run: Run = (text, values) => this.within((run) => run(text, values));

  /** Runs statements in one transaction. */
  transaction<Result>(work: (run: Run) => Promise<Result>, ms?: number): Promise<Result> {
    return this.within((run) => inTransaction(run, work), ms);
  }
}

/** A connection, or a transaction of the application's, as what runs statements. */
export function runOn(client: QueryableLike): Run {
  return async (text, values = []) => {
    const statement: PostgresStatement = { ...(typeof text === 'string' ? { text } : text), values: [...values] };
    return (await client.query(statement)).rows as never;
  };
}

function connect(pool: PoolLike): Promise<PoolClientLike> {
  return pool.connect();
}

function release(client: PoolClientLike, isLost: boolean): void {
  client.release(isLost);
}
