import { inTransaction, PooledDatabase, type PoolOwner } from '../sql/pooled-database.js';
import { type CorePool, type CorePoolConnection, type Run, runOn } from './clients.js';
import { isCollision, isConnectionLost, storeFailure } from './failures.js';

/** How this store reaches its database. */
export interface DatabaseOptions {
  /** The time for each call, in milliseconds. */
  readonly timeout: number;
  /** Whether connections are at READ COMMITTED by themselves. */
  readonly isReadCommitted: boolean;
  /** Takes the password out of a text. */
  readonly redact: (text: string) => string;
}

/** The pool, with the transactions of this store. */
export class Database extends PooledDatabase<CorePool, CorePoolConnection, Run> {
  readonly #isReadCommitted: boolean;

  constructor({ timeout, isReadCommitted, redact }: DatabaseOptions, owner: PoolOwner<CorePool>) {
    const client = {
      store: 'mysql',
      database: 'MySQL',
      ...{ connect, release, runOn, isCollision, isConnectionLost },
      failure: (error: unknown, stage: 'connect' | 'query') => storeFailure(error, stage, redact),
    };
    super(client, owner, timeout);
    this.#isReadCommitted = isReadCommitted;
  }

  /** Runs a statement in a transaction of its own; again, when another one is in its way. */
  readonly run: Run = (text, values) => this.within((run) => run(text, values));

  /**
   * Runs statements in one transaction, at READ COMMITTED: at REPEATABLE READ, which is the default, a statement locks
   * the gaps between the rows that it reads, and whoever inserts there waits.
   */
  transaction<Result>(work: (run: Run) => Promise<Result>, ms?: number): Promise<Result> {
    return this.within((run) => this.begin(run, work), ms);
  }

  /**
   * Runs statements in one transaction on a connection.
   * @param isAsItIs at whatever level the connection has, which saves a round trip
   */
  async begin<Result>(run: Run, work: (run: Run) => Promise<Result>, isAsItIs = false): Promise<Result> {
    // It holds for the next transaction alone.
    if (!this.#isReadCommitted && !isAsItIs) await run('SET TRANSACTION ISOLATION LEVEL READ COMMITTED');
    return inTransaction(run, work);
  }
}

function connect(pool: CorePool): Promise<CorePoolConnection> {
  return new Promise((resolve, reject) => {
    pool.getConnection((error, connection) => {
      if (connection === undefined) reject(error ?? new Error('the pool gave no connection'));
      else resolve(connection);
    });
  });
}

function release(connection: CorePoolConnection, isLost: boolean): void {
  if (isLost) connection.destroy();
  else connection.release();
}
