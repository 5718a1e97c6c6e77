import type { DatabaseSync } from 'node:sqlite';
import { type Migration, missingMigrations } from '../sql/migrations.js';
import { tables } from '../sql/names.js';
import type {
  Appended,
  ClaimedMessage,
  ClaimRequest,
  DueMessage,
  DueRequest,
  Found,
  Lease,
  MessageStore,
  NewMessage,
  Now,
  Page,
  PurgeRequest,
  ReadMark,
  Recorded,
  Settlement,
  StoredMessage,
  StoreQuery,
} from '../store.js';
import { Connection, type ConnectionOptions } from './connection.js';
import * as reading from './reading.js';
import * as removing from './removing.js';
import { migrations } from './schema.js';
import { SqliteTemplates } from './templates.js';
import { checkedTransaction } from './transaction.js';
import * as writing from './writing.js';

/** Most messages that are removed in one transaction. In a large file each takes a quarter of a millisecond. */
const PORTION = 50;

/** Keeps messages in a file. */
export class SqliteMessages implements MessageStore {
  readonly name: string = 'sqlite';
  readonly templates: SqliteTemplates;
  readonly #file: string;
  readonly #connection: Connection;
  readonly #migrations: readonly Migration[];
  #opening: Promise<readonly string[]> | undefined;

  constructor(options: ConnectionOptions, steps: readonly Migration[] = migrations) {
    this.#file = options.file;
    this.#connection = new Connection(options);
    this.templates = new SqliteTemplates(this.#connection);
    this.#migrations = steps;
  }

  async open(): Promise<void> {
    await this.#open();
  }

  async close(): Promise<void> {
    const opening = this.#opening;
    this.#opening = undefined;
    await opening?.catch(() => {});
    await this.#connection.close();
  }

  async migrate(): Promise<readonly string[]> {
    // Whoever opens it migrates it.
    return this.#opening === undefined ? this.#open() : this.#opening.then(() => this.#migrate());
  }

  checkTransaction(transaction: unknown): void {
    checkedTransaction(transaction, this.#file);
  }

  insert(
    messages: readonly NewMessage[],
    { now, transaction }: { readonly now: Now; readonly transaction?: unknown },
  ): Promise<readonly (Recorded | undefined)[]> {
    const work = (database: DatabaseSync): readonly (Recorded | undefined)[] => {
      const at = now ?? Date.now();
      return messages.map((message) => writing.insert(database, message, at));
    };
    if (transaction === undefined) return this.#connection.write(work);
    // Checked each time: the application may end its transaction while a lock is waited for.
    return this.#connection.patiently(() => inSavepoint(checkedTransaction(transaction, this.#file), work));
  }

  async claim(request: ClaimRequest): Promise<readonly ClaimedMessage[]> {
    // A worker at rest takes no lock. Who names messages knows that there are some.
    const isAny =
      request.ids !== undefined ||
      (await this.#read((database) => writing.isAnyDue(database, request, request.now ?? Date.now())));
    if (!isAny) return [];
    return this.#write(request.now, (database, at) =>
      reading.claimed(database, writing.claim(database, request, at), at),
    );
  }

  due(request: DueRequest): Promise<readonly DueMessage[]> {
    return this.#read((database) => reading.due(database, request, (request.now ?? Date.now()) - request.graceMs));
  }

  begin(token: string, ids: readonly string[]): Promise<void> {
    return this.#write(undefined, (database) => writing.begin(database, token, ids));
  }

  renew(lease: Lease, ids: readonly string[], now: Now): Promise<readonly string[]> {
    return this.#write(now, (database, at) => writing.renew(database, lease, ids, at));
  }

  append(appended: readonly Appended[]): Promise<void> {
    return this.#write(undefined, (database) => writing.append(database, appended));
  }

  settle(settlements: readonly Settlement[], now: Now): Promise<readonly boolean[]> {
    return this.#write(now, (database, at) =>
      settlements.map((settlement) => writing.settle(database, settlement, at)),
    );
  }

  get(service: string, ids: readonly string[]): Promise<readonly StoredMessage[]> {
    return this.#read((database) => reading.get(database, service, ids));
  }

  find(query: StoreQuery, page: Page): Promise<Found> {
    return this.#read((database) => reading.find(database, query, page));
  }

  count(query: StoreQuery): Promise<number> {
    return this.#read((database) => reading.count(database, query));
  }

  cancel(
    of: { readonly service: string } & ({ readonly key: string } | { readonly id: string }),
    now: Now,
  ): Promise<readonly string[]> {
    return this.#write(now, (database, at) => writing.cancel(database, of, at));
  }

  retry(service: string, id: string, now: Now): Promise<boolean> {
    return this.#write(now, (database, at) => writing.retry(database, service, id, at));
  }

  markRead(mark: ReadMark, now: Now): Promise<number> {
    return this.#write(now, (database, at) => writing.markRead(database, mark, at));
  }

  unread(service: string, user: string, page: Page): Promise<Found> {
    return this.#read((database) => reading.unread(database, service, user, page));
  }

  unreadCount(service: string, user: string): Promise<number> {
    return this.#read((database) => reading.unreadCount(database, service, user));
  }

  readers(ids: readonly string[]): Promise<ReadonlyMap<string, readonly string[]>> {
    return this.#read((database) => reading.readers(database, ids));
  }

  async purge(request: PurgeRequest): Promise<number> {
    for (let removed = 0; ; ) {
      const limit = Math.min(request.limit - removed, PORTION);
      const some = await this.#write(request.now, (database, at) =>
        removing.purge(database, { ...request, limit }, at),
      );
      removed += some;
      if (some < limit || removed >= request.limit) return removed;
    }
  }

  erase(service: string, user: string): Promise<number> {
    return this.#write(undefined, (database) => removing.erase(database, service, user));
  }

  unclaimed(service: string, conditions: readonly string[], now: Now): Promise<ReadonlyMap<string, number>> {
    return this.#read((database) => reading.unclaimed(database, service, conditions, now ?? Date.now()));
  }

  #read<Result>(work: (database: DatabaseSync) => Result): Promise<Result> {
    return this.#connection.read(work);
  }

  /** The present is that in which the work is done: a call may have waited. */
  #write<Result>(now: Now, work: (database: DatabaseSync, at: number) => Result): Promise<Result> {
    return this.#connection.write((database) => work(database, now ?? Date.now()));
  }

  #open(): Promise<readonly string[]> {
    this.#opening ??= (async () => {
      try {
        await this.#connection.open();
        return await this.#migrate();
      } catch (error) {
        this.#opening = undefined;
        await this.#connection.close();
        throw error;
      }
    })();
    return this.#opening;
  }

  async #migrate(): Promise<readonly string[]> {
    const missing = await this.#read((database) => this.#missing(database));
    if (missing.length === 0) return [];
    return this.#connection.write((database) => {
      database.exec(`CREATE TABLE IF NOT EXISTS ${tables.migrations}
        (name TEXT NOT NULL PRIMARY KEY, made_at INTEGER NOT NULL) STRICT`);
      // Another process may have made them meanwhile.
      const steps = this.#missing(database);
      for (const { name, statements } of steps) {
        for (const statement of statements) database.exec(statement);
        database.prepare(`INSERT INTO ${tables.migrations} VALUES (?, ?)`).run(name, Date.now());
      }
      return steps.map(({ name }) => name);
    });
  }

  #missing(database: DatabaseSync): readonly Migration[] {
    const hasTable = database.prepare(`SELECT 1 FROM sqlite_schema WHERE name = ?`).get(tables.migrations);
    const made = hasTable ? database.prepare(`SELECT name FROM ${tables.migrations}`).all() : [];
    return missingMigrations(
      this.#migrations,
      made.map(({ name }) => String(name)),
    );
  }
}

/** Works in a transaction of the application's, of which nothing is undone but this work. */
function inSavepoint<Result>(database: DatabaseSync, work: (database: DatabaseSync) => Result): Result {
  database.exec('SAVEPOINT pushrail');
  try {
    const result = work(database);
    database.exec('RELEASE pushrail');
    return result;
  } catch (error) {
    try {
      database.exec('ROLLBACK TO pushrail; RELEASE pushrail');
    } catch {
      // SQLite has undone the whole transaction, as on a full disk.
    }
    throw error;
  }
}
