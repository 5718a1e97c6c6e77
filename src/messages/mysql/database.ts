import { setTimeout as wait } from 'node:timers/promises';
import { askInTime } from '../../core/ask-in-time.js';
import { ConfigurationError, PushError, TimeoutError } from '../../core/errors.js';
import { type CorePool, type CorePoolConnection, type Run, runOn } from './clients.js';
import { isCollision, isConnectionLost, type Stage, storeFailure } from './failures.js';

/** Most times that a call is made when other transactions are in its way. */
const MAX_TRIES = 10;
/** Longest pause between two of these tries, in milliseconds. */
const MAX_PAUSE_MS = 50;

/** How this store reaches its database. */
export interface DatabaseOptions {
  /** The time for each call, in milliseconds. */
  readonly timeout: number;
  /** Whether connections are at READ COMMITTED by themselves. */
  readonly isReadCommitted: boolean;
  /** Takes the password out of a text. */
  readonly redact: (text: string) => string;
}

/** A call that is under way. */
interface Call {
  connection?: CorePoolConnection;
  stage: Stage;
  isLate: boolean;
}

/** The pool, with a deadline for each call, and with errors of this package. */
export class Database {
  readonly #options: DatabaseOptions;
  readonly #makePool: () => CorePool;
  readonly #endPool: (pool: CorePool) => Promise<void>;
  #pool: CorePool | undefined;

  /** @param endPool closes what `makePool` has made */
  constructor(options: DatabaseOptions, makePool: () => CorePool, endPool: (pool: CorePool) => Promise<void>) {
    this.#options = options;
    this.#makePool = makePool;
    this.#endPool = endPool;
  }

  /** @throws ConfigurationError when `mysql2` is not installed */
  open(): void {
    this.#pool ??= this.#makePool();
  }

  async close(): Promise<void> {
    const pool = this.#pool;
    this.#pool = undefined;
    if (pool !== undefined) await this.#endPool(pool);
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
    if (!this.#options.isReadCommitted && !isAsItIs) await run('SET TRANSACTION ISOLATION LEVEL READ COMMITTED');
    await run('START TRANSACTION');
    try {
      const result = await work(run);
      await run('COMMIT');
      return result;
    } catch (error) {
      // What made it fail says more than a connection that is lost.
      await run('ROLLBACK').catch(() => {});
      throw error;
    }
  }

  /** Does work on something else than the pool, such as a transaction of the application's. */
  async on<Result>(client: object, work: () => Promise<Result>): Promise<Result> {
    try {
      return await askInTime(client, work, this.#options.timeout, late);
    } catch (error) {
      throw this.failure(error, 'query');
    }
  }

  failure(error: unknown, stage: Stage): Error {
    return storeFailure(error, stage, this.#options.redact);
  }

  /** Does work on one connection, within a deadline. A connection that does not answer in time is closed. */
  async within<Result>(work: (run: Run) => Promise<Result>, ms: number = this.#options.timeout): Promise<Result> {
    const pool = this.#pool;
    if (pool === undefined)
      throw new ConfigurationError('The message store "mysql" is closed: call its open() before you use it.');
    const call: Call = { stage: 'connect', isLate: false };
    try {
      return await askInTime(pool, () => this.#again(call, pool, work), ms, late);
    } catch (error) {
      call.isLate = true;
      call.connection?.destroy();
      if (call.stage === 'connect' && PushError.is(error, TimeoutError)) {
        const reason = 'all of its pool are in use, or it does not answer';
        throw new TimeoutError(`MySQL gave no connection within ${ms} ms: ${reason}.`, { outcome: 'rejected' });
      }
      throw this.failure(error, call.stage);
    }
  }

  async #again<Result>(call: Call, pool: CorePool, work: (run: Run) => Promise<Result>): Promise<Result> {
    for (let tries = 1; ; tries++) {
      try {
        return await once(call, pool, work);
      } catch (error) {
        if (!isCollision(error) || tries === MAX_TRIES || call.isLate) throw error;
        await wait(Math.random() * MAX_PAUSE_MS);
      }
    }
  }
}

async function once<Result>(call: Call, pool: CorePool, work: (run: Run) => Promise<Result>): Promise<Result> {
  call.stage = 'connect';
  const connection = await connectionOf(pool);
  if (call.isLate) {
    connection.release();
    throw new Error('nobody waits for this connection any more');
  }
  call.connection = connection;
  call.stage = 'query';
  // Without a listener, a connection that is lost would end the process. The statement fails, too.
  connection.on('error', ignore);
  let isLost = false;
  try {
    return await work(runOn(connection));
  } catch (error) {
    isLost = isConnectionLost(error);
    throw error;
  } finally {
    connection.removeListener('error', ignore);
    delete call.connection;
    if (isLost) connection.destroy();
    else if (!call.isLate) connection.release();
  }
}

function connectionOf(pool: CorePool): Promise<CorePoolConnection> {
  return new Promise((resolve, reject) => {
    pool.getConnection((error, connection) => {
      if (connection === undefined) reject(error ?? new Error('the pool gave no connection'));
      else resolve(connection);
    });
  });
}

const late = {
  missing: 'MySQL did not answer',
  consequence: 'whether the statement was carried out is unknown',
  outcome: 'unknown',
} as const;

function ignore(): void {}
