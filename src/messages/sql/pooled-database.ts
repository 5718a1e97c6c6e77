import { setTimeout as wait } from 'node:timers/promises';
import { askInTime } from '../../core/ask-in-time.js';
import type { Wait } from '../../core/deadline.js';
import { ConfigurationError, PushError, TimeoutError } from '../../core/errors.js';

/** Most times that a call is made when other transactions are in its way. */
const MAX_TRIES = 10;
/** Longest pause between two of these tries, in milliseconds. */
const MAX_PAUSE_MS = 50;

/** The part of a statement's way that has failed. Before `query`, nothing was sent to the database. */
export type Stage = 'connect' | 'query';

/** A connection that a pool has given out. */
interface PooledConnection {
  on(event: 'error', listener: () => void): unknown;
  removeListener(event: 'error', listener: () => void): unknown;
}

/** The client of a database: how it gives connections, and what its errors mean. */
export interface Client<Pool extends object, Connection extends PooledConnection, Run> {
  /** The name of the store, such as `mysql`. */
  readonly store: string;
  /** The name of the database in errors, such as `MySQL`. */
  readonly database: string;
  connect(pool: Pool): Promise<Connection>;
  /** Gives a connection back to its pool, or closes it for good. */
  release(connection: Connection, isLost: boolean): void;
  /** A connection as what runs statements. */
  runOn(connection: Connection): Run;
  /** Whether a statement failed because another transaction was in its way, and left nothing behind. */
  isCollision(error: unknown): boolean;
  /** Whether the connection of a statement may be unusable after its error. */
  isConnectionLost(error: unknown): boolean;
  /** An error of the client as one of this package. */
  failure(error: unknown, stage: Stage): Error;
}

/** The pool that an application passes, or one of the store's own. */
export interface PoolOwner<Pool> {
  make(): Pool;
  /** Closes it, where the store has made it. */
  end(pool: Pool): Promise<void>;
}

/** A call that is under way. */
interface Call<Connection> {
  connection?: Connection;
  stage: Stage;
  isLate: boolean;
}

/** A pool of connections to a database, with a deadline for each call, and with errors of this package. */
export class PooledDatabase<Pool extends object, Connection extends PooledConnection, Run> {
  readonly #client: Client<Pool, Connection, Run>;
  readonly #owner: PoolOwner<Pool>;
  /** The time for each call, in milliseconds. */
  readonly #timeout: number;
  readonly #late: Wait;
  #pool: Pool | undefined;

  constructor(client: Client<Pool, Connection, Run>, owner: PoolOwner<Pool>, timeout: number) {
    this.#client = client;
    this.#owner = owner;
    this.#timeout = timeout;
    this.#late = {
      missing: `${client.database} did not answer`,
      consequence: 'whether the statement was carried out is unknown',
      outcome: 'unknown',
    };
  }

  /** @throws ConfigurationError when the client's package is not installed */
  open(): void {
    this.#pool ??= this.#owner.make();
  }

  async close(): Promise<void> {
    const pool = this.#pool;
    this.#pool = undefined;
    if (pool !== undefined) await this.#owner.end(pool);
  }

  /** Does work on something else than the pool, such as a transaction of the application's. */
  async on<Result>(client: object, work: () => Promise<Result>): Promise<Result> {
    try {
      return await askInTime(client, work, this.#timeout, this.#late);
    } catch (error) {
      throw this.#client.failure(error, 'query');
    }
  }

  /**
   * Does work on one connection, within a deadline; again, when another transaction is in its way. A connection that
   * does not answer in time is closed.
   */
  within<Result>(work: (run: Run) => Promise<Result>, ms: number = this.#timeout): Promise<Result> {
    return this.#inTime((call, pool) => this.#again(call, pool, work), ms);
  }

  /**
   * Takes a connection out of the pool for good, and does work on it.
   * @returns the connection, for which a failure is no uncaught exception
   */
  takeOut(work: (run: Run) => Promise<unknown>): Promise<Connection> {
    return this.#inTime(async (call, pool) => {
      const connection = await this.#connect(call, pool);
      await work(this.#client.runOn(connection));
      return connection;
    }, this.#timeout);
  }

  async #inTime<Result>(ask: (call: Call<Connection>, pool: Pool) => Promise<Result>, ms: number): Promise<Result> {
    const { store, database } = this.#client;
    const pool = this.#pool;
    if (pool === undefined)
      throw new ConfigurationError(`The message store "${store}" is closed: call its open() before you use it.`);
    const call: Call<Connection> = { stage: 'connect', isLate: false };
    try {
      return await askInTime(pool, () => ask(call, pool), ms, this.#late);
    } catch (error) {
      call.isLate = true;
      if (call.connection !== undefined) this.#client.release(call.connection, true);
      if (call.stage === 'connect' && PushError.is(error, TimeoutError)) {
        const reason = 'all of its pool are in use, or it does not answer';
        throw new TimeoutError(`${database} gave no connection within ${ms} ms: ${reason}.`, { outcome: 'rejected' });
      }
      throw this.#client.failure(error, call.stage);
    }
  }

  async #again<Result>(call: Call<Connection>, pool: Pool, work: (run: Run) => Promise<Result>): Promise<Result> {
    for (let tries = 1; ; tries++) {
      try {
        return await this.#once(call, pool, work);
      } catch (error) {
        if (!this.#client.isCollision(error) || tries === MAX_TRIES || call.isLate) throw error;
        await wait(Math.random() * MAX_PAUSE_MS);
      }
    }
  }

  async #once<Result>(call: Call<Connection>, pool: Pool, work: (run: Run) => Promise<Result>): Promise<Result> {
    const connection = await this.#connect(call, pool);
    let isLost = false;
    try {
      return await work(this.#client.runOn(connection));
    } catch (error) {
      isLost = this.#client.isConnectionLost(error);
      throw error;
    } finally {
      connection.removeListener('error', ignore);
      delete call.connection;
      // A call that is late has given its connection back already.
      if (!call.isLate) this.#client.release(connection, isLost);
    }
  }

  async #connect(call: Call<Connection>, pool: Pool): Promise<Connection> {
    call.stage = 'connect';
    const connection = await this.#client.connect(pool);
    if (call.isLate) {
      this.#client.release(connection, false);
      throw new Error('nobody waits for this connection any more');
    }
    call.connection = connection;
    call.stage = 'query';
    // Without a listener, a connection that is lost would end the process. The statement fails, too.
    connection.on('error', ignore);
    return connection;
  }
}

/** Commits what work has done on a connection, or rolls it back. */
export async function inTransaction<Run extends (text: string) => Promise<unknown>, Result>(
  run: Run,
  work: (run: Run) => Promise<Result>,
): Promise<Result> {
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

function ignore(): void {}
