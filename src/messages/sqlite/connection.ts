import { existsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setImmediate } from 'node:timers';
import { ConfigurationError } from '../../core/errors.js';
import { closedFailure, failureOf, goneFailure, isLocked, lockedFailure } from './failures.js';

/** How long a statement waits for a lock, in milliseconds. The event loop stands still meanwhile. */
const BUSY_WAIT_MS = 5;
/** The first wait for a lock in which the event loop goes on, and the longest, in milliseconds. */
const FIRST_WAIT_MS = 5;
const LONGEST_WAIT_MS = 100;
/** How long the work of one turn of the event loop may take, in milliseconds, before others get their turn. */
const TURN_MS = 10;
/** How often the file is looked for, in milliseconds. */
const FILE_CHECK_MS = 1000;

export interface ConnectionOptions {
  readonly file: string;
  readonly synchronous: 'full' | 'normal';
  readonly lockTimeout: number;
}

interface Task {
  readonly work: (database: DatabaseSync) => unknown;
  readonly resolve: (result: never) => void;
  readonly reject: (error: unknown) => void;
  readonly endsAt: number;
}

/**
 * A connection whose work is done at once or is tried again later, so that a lock of another process holds up nothing
 * else in this one. Work is a function without a wait in it: no transaction is open while something else runs.
 */
export class Connection {
  readonly #options: ConnectionOptions;
  #database: DatabaseSync | undefined;
  #identity = '';
  #checkedAt = 0;
  /** When the work of this turn has taken long enough; undefined while it has not begun. */
  #turnEndsAt: number | undefined;
  #tasks: Task[] = [];
  #writing: Promise<void> | undefined;

  constructor(options: ConnectionOptions) {
    this.#options = options;
  }

  /** @throws ConfigurationError when the file cannot be a database that is written */
  async open(): Promise<void> {
    const { file, synchronous } = this.#options;
    if (!existsSync(dirname(file)))
      throw new ConfigurationError(`sqlite: the directory of ${file} is not there. Make it, or name another file.`);
    let database: DatabaseSync | undefined;
    try {
      await this.patiently(() => {
        database ??= new DatabaseSync(file);
        // The constructor's option does nothing in Node 22.13.
        database.exec(`PRAGMA busy_timeout = ${BUSY_WAIT_MS}`);
        database.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = ${synchronous}`);
        checkWritable(database);
      }, true);
      this.#identity = identityOf(file) ?? '';
      this.#database = database;
    } catch (error) {
      database?.close();
      throw error;
    }
  }

  /** Ends what has been begun, and closes the file. */
  async close(): Promise<void> {
    await this.#writing;
    this.#database?.close();
    this.#database = undefined;
  }

  /** Reads in one transaction. */
  async read<Result>(work: (database: DatabaseSync) => Result): Promise<Result> {
    if (this.#isTurnOver()) await nextTurn();
    return this.patiently(() => {
      const database = this.#checked();
      database.exec('BEGIN');
      try {
        return work(database);
      } finally {
        undo(database);
      }
    });
  }

  /**
   * Writes. Calls run one after the other, and those of one tick share a transaction, because each costs a wait for the
   * disk. What fails in one call is undone, and the others stay.
   */
  write<Result>(work: (database: DatabaseSync) => Result): Promise<Result> {
    const { promise, resolve, reject } = Promise.withResolvers<Result>();
    this.#tasks.push({ work, resolve, reject, endsAt: performance.now() + this.#options.lockTimeout });
    this.#writing ??= this.#writeAll();
    return promise;
  }

  /** Does work when nobody else has a lock. The event loop goes on meanwhile. */
  async patiently<Result>(work: () => Result, isOpening = false): Promise<Result> {
    const { file, lockTimeout } = this.#options;
    const endsAt = performance.now() + lockTimeout;
    for (let wait = FIRST_WAIT_MS; ; wait = nextWait(wait)) {
      try {
        return work();
      } catch (error) {
        if (!isLocked(error)) throw failureOf(error, file, isOpening);
        if (performance.now() >= endsAt) throw lockedFailure(file, lockTimeout, error);
      }
      await later(wait);
    }
  }

  async #writeAll(): Promise<void> {
    // The other calls of this tick come too.
    await undefined;
    let wait = FIRST_WAIT_MS;
    while (this.#tasks.length > 0) {
      if (this.#isTurnOver()) await nextTurn();
      const locked = this.#writeSome();
      if (locked === undefined) {
        wait = FIRST_WAIT_MS;
        continue;
      }
      this.#giveUpLate(locked);
      await later(wait);
      wait = nextWait(wait);
    }
    // Here and not later: a call that comes next must find nobody at work.
    this.#writing = undefined;
  }

  /** @returns the error when the file is locked */
  #writeSome(): unknown {
    let database: DatabaseSync;
    try {
      database = this.#checked();
      database.exec('BEGIN IMMEDIATE');
    } catch (error) {
      if (isLocked(error)) return error;
      this.#fail(this.#tasks.splice(0), error);
      return undefined;
    }
    const taken: Task[] = [];
    const settle: (() => void)[] = [];
    try {
      do {
        const task = this.#tasks.shift() as Task;
        taken.push(task);
        settle.push(this.#outcomeOf(task, database));
      } while (this.#tasks.length > 0 && !this.#isTurnOver());
      database.exec('COMMIT');
    } catch (error) {
      this.#fail(taken, error);
      undo(database);
      return undefined;
    }
    for (const run of settle) run();
    return undefined;
  }

  /**
   * Does the work of one call. @returns what tells the caller, after the commit
   * @throws an error of SQLite's that has undone the whole transaction, such as a full disk
   */
  #outcomeOf({ work, resolve, reject }: Task, database: DatabaseSync): () => void {
    database.exec('SAVEPOINT call');
    try {
      const result = work(database) as never;
      database.exec('RELEASE call');
      return () => resolve(result);
    } catch (error) {
      try {
        database.exec('ROLLBACK TO call; RELEASE call');
      } catch {
        throw error;
      }
      const failure = failureOf(error, this.#options.file, false);
      return () => reject(failure);
    }
  }

  /** Whether others must run first. Calls that are made one after the other would never let them. */
  #isTurnOver(): boolean {
    const now = performance.now();
    if (this.#turnEndsAt !== undefined) return now >= this.#turnEndsAt;
    this.#turnEndsAt = now + TURN_MS;
    setImmediate(() => {
      this.#turnEndsAt = undefined;
    });
    return false;
  }

  #fail(tasks: readonly Task[], error: unknown): void {
    const failure = failureOf(error, this.#options.file, false);
    for (const { reject } of tasks) reject(failure);
  }

  #giveUpLate(cause: unknown): void {
    const { file, lockTimeout } = this.#options;
    const now = performance.now();
    // They stand in the order of their ends.
    while (this.#tasks[0] !== undefined && this.#tasks[0].endsAt <= now)
      this.#tasks.shift()?.reject(lockedFailure(file, lockTimeout, cause));
  }

  /** @throws when the store is closed, or its file is not what it opened */
  #checked(): DatabaseSync {
    const { file } = this.#options;
    if (this.#database === undefined) throw closedFailure(file);
    const now = performance.now();
    if (now - this.#checkedAt >= FILE_CHECK_MS) {
      if (identityOf(file) !== this.#identity) throw goneFailure(file);
      this.#checkedAt = now;
    }
    return this.#database;
  }
}

/**
 * @throws an error of SQLite's for a file that can only be read. A lock is none: the application may wait for this
 * store in a transaction of its own.
 */
function checkWritable(database: DatabaseSync): void {
  try {
    database.exec('BEGIN IMMEDIATE; ROLLBACK');
  } catch (error) {
    if (!isLocked(error)) throw error;
  }
}

/** What tells a file from another one of the same name; undefined when it is not there. */
export function identityOf(file: string): string | undefined {
  try {
    const { dev, ino } = statSync(file, { bigint: true });
    return `${dev}:${ino}`;
  } catch {
    return undefined;
  }
}

function undo(database: DatabaseSync): void {
  try {
    database.exec('ROLLBACK');
  } catch {
    // SQLite has undone it.
  }
}

/** Twice as long, and a bit at random, so that two who wait do not meet each time. */
function nextWait(wait: number): number {
  return Math.min(wait * (1.5 + Math.random()), LONGEST_WAIT_MS);
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

function later(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
