import { createHash } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { askInTime } from '../../core/ask-in-time.js';
import { ConfigurationError, PushError, TimeoutError } from '../../core/errors.js';
import type { PoolClientLike, PoolLike, PostgresStatement, QueryableLike } from './clients.js';
import { isCollision, isConnectionLost, type Stage, storeFailure } from './failures.js';

/** Most times that a statement is run when other transactions are in its way. */
const MAX_TRIES = 5;
/** Longest pause between two of these tries, in milliseconds. */
const MAX_PAUSE_MS = 50;

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

/** A call that is under way. */
interface Call {
  client?: PoolClientLike;
  stage: Stage;
  isLate: boolean;
}

/** The pool, with a deadline for each call, and with errors of this package. */
export class Database {
  readonly #options: DatabaseOptions;
  readonly #makePool: () => PoolLike;
  readonly #endPool: (pool: PoolLike) => Promise<void>;
  #pool: PoolLike | undefined;

  /** @param endPool closes what `makePool` has made */
  constructor(options: DatabaseOptions, makePool: () => PoolLike, endPool: (pool: PoolLike) => Promise<void>) {
    this.#options = options;
    this.#makePool = makePool;
    this.#endPool = endPool;
  }

  /** @throws ConfigurationError when `pg` is not installed */
  open(): void {
    this.#pool ??= this.#makePool();
  }

  async close(): Promise<void> {
    const pool = this.#pool;
    this.#pool = undefined;
    if (pool !== undefined) await this.#endPool(pool);
  }

  get pool(): PoolLike {
    if (this.#pool !== undefined) return this.#pool;
    throw new ConfigurationError('The message store "postgres" is closed: call its open() before you use it.');
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
  readonly run: Run = (text, values) => this.within(this.#options.timeout, (run) => run(text, values));

  /** Runs statements in one transaction. */
  transaction<Result>(ms: number, work: (run: Run) => Promise<Result>): Promise<Result> {
    return this.within(ms, async (run) => {
      await run('BEGIN');
      try {
        const result = await work(run);
        await run('COMMIT');
        return result;
      } catch (error) {
        // What made it fail says more than a connection that is lost.
        await run('ROLLBACK').catch(() => {});
        throw error;
      }
    });
  }

  /** Runs a statement on something else than the pool, such as a transaction of the application's. */
  async runOn<Row>(
    client: QueryableLike,
    text: string | Prepared,
    values: readonly unknown[],
  ): Promise<readonly Row[]> {
    try {
      const asked = () => client.query(statementOf(text, values));
      return (await askInTime(client, asked, this.#options.timeout, late)).rows as readonly Row[];
    } catch (error) {
      throw this.failure(error, 'query');
    }
  }

  /**
   * Takes a connection out of the pool for good, and runs a statement on it.
   * @returns the connection, for which a failure is no uncaught exception
   */
  async takeOut(text: string): Promise<PoolClientLike> {
    let taken: PoolClientLike | undefined;
    let isLate = false;
    const { pool } = this;
    const asked = async (): Promise<PoolClientLike> => {
      const client = await pool.connect();
      if (isLate) {
        client.release();
        throw new Error('nobody waits for this connection any more');
      }
      taken = client;
      client.on('error', ignore);
      await client.query({ text });
      return client;
    };
    try {
      return await askInTime(pool, asked, this.#options.timeout, late);
    } catch (error) {
      isLate = true;
      taken?.release(true);
      throw this.failure(error, taken === undefined ? 'connect' : 'query');
    }
  }

  failure(error: unknown, stage: Stage): Error {
    return storeFailure(error, stage, this.#options.redact);
  }

  /** Does work on one connection, within a deadline. A connection that does not answer in time is closed. */
  async within<Result>(ms: number, work: (run: Run) => Promise<Result>): Promise<Result> {
    const { pool } = this;
    const call: Call = { stage: 'connect', isLate: false };
    try {
      return await askInTime(pool, () => this.#again(call, pool, work), ms, late);
    } catch (error) {
      call.isLate = true;
      call.client?.release(true);
      if (call.stage === 'connect' && PushError.is(error, TimeoutError)) {
        const reason = 'all of its pool are in use, or it does not answer';
        throw new TimeoutError(`PostgreSQL gave no connection within ${ms} ms: ${reason}.`, { outcome: 'rejected' });
      }
      throw this.failure(error, call.stage);
    }
  }

  async #again<Result>(call: Call, pool: PoolLike, work: (run: Run) => Promise<Result>): Promise<Result> {
    for (let tries = 1; ; tries++) {
      try {
        return await this.#once(call, pool, work);
      } catch (error) {
        if (!isCollision(error) || tries === MAX_TRIES || call.isLate) throw error;
        await wait(Math.random() * MAX_PAUSE_MS);
      }
    }
  }

  async #once<Result>(call: Call, pool: PoolLike, work: (run: Run) => Promise<Result>): Promise<Result> {
    call.stage = 'connect';
    const client = await pool.connect();
    if (call.isLate) {
      client.release();
      throw new Error('nobody waits for this connection any more');
    }
    call.client = client;
    call.stage = 'query';
    // Without a listener, a connection that is lost would end the process. The statement fails, too.
    client.on('error', ignore);
    let isLost = false;
    try {
      return await work(async (text, values = []) => {
        const { rows } = await client.query(statementOf(text, values));
        return rows as never;
      });
    } catch (error) {
      isLost = isConnectionLost(error);
      throw error;
    } finally {
      client.removeListener('error', ignore);
      delete call.client;
      if (!call.isLate) client.release(isLost);
    }
  }
}

const late = {
  missing: 'PostgreSQL did not answer',
  consequence: 'whether the statement was carried out is unknown',
  outcome: 'unknown',
} as const;

function ignore(): void {}

function statementOf(text: string | Prepared, values: readonly unknown[]): PostgresStatement {
  return { ...(typeof text === 'string' ? { text } : text), values: [...values] };
}
