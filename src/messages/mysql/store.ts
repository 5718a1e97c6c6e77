import { Opening, type OpeningOptions } from '../sql/opening.js';
import type * as contract from '../store.js';
import { claim, due, unclaimed } from './claim.js';
import type { Run } from './clients.js';
import type { Database } from './database.js';
import { checkMessages, insert, isOneStatement } from './insert.js';
import { findMissing, migrate } from './migrate.js';
import * as reading from './reading.js';
import { erase, purge } from './removing.js';
import * as settling from './settle.js';
import { MysqlTemplates } from './templates.js';
import { inSavepoint, transactionOf } from './transaction.js';
import * as upkeep from './upkeep.js';

type CancelRequest = Parameters<contract.MessageStore['cancel']>[0];

/** Keeps recorded messages in MySQL or MariaDB. */
export class MysqlMessages implements contract.MessageStore {
  readonly name = 'mysql';
  readonly templates: MysqlTemplates;
  readonly #opening: Opening<Database>;
  readonly #database: Database;

  constructor(options: OpeningOptions<Database>) {
    this.#opening = new Opening('mysql', { findMissing, migrate }, options);
    this.#database = options.database;
    this.templates = new MysqlTemplates(options.database);
  }

  open(): Promise<void> {
    return this.#opening.open();
  }

  close(): Promise<void> {
    return this.#opening.close();
  }

  migrate(): Promise<readonly string[]> {
    return this.#opening.migrate();
  }

  checkTransaction(transaction: unknown): void {
    transactionOf(transaction);
  }

  async insert(
    messages: readonly contract.NewMessage[],
    { now, transaction }: { readonly now: contract.Now; readonly transaction?: unknown },
  ): Promise<readonly (contract.Recorded | undefined)[]> {
    const run = transaction === undefined ? undefined : transactionOf(transaction);
    checkMessages(messages);
    if (messages.length === 0) return [];
    if (run !== undefined)
      return this.#database.on(transaction as object, () => inSavepoint(run, () => insert(run, messages, now)));
    const record = (on: Run) => insert(on, messages, now);
    if (isOneStatement(messages)) return this.#database.within(record);
    // Keys alone are looked for; the rest is new, and locks no gap at any level.
    const isNew = messages.every(({ idempotency }) => idempotency === undefined);
    return this.#database.within((on) => this.#database.begin(on, record, isNew));
  }

  claim(request: contract.ClaimRequest): Promise<readonly contract.ClaimedMessage[]> {
    const { token } = request.lease;
    return this.#database.within(async (run) => {
      const { rows, at } = await claim(this.#database, run, request, reading.queries.columns);
      const messages = await reading.messagesOf(run, rows);
      return messages.map((message, place) => ({
        ...message,
        token,
        isBegun: Boolean(rows[place]?.is_begun),
        isExpired: message.expiresAt !== undefined && message.expiresAt <= at,
      }));
    });
  }

  due(request: contract.DueRequest): Promise<readonly contract.DueMessage[]> {
    return this.#database.within((run) => due(run, request));
  }

  begin(token: string, ids: readonly string[]): Promise<void> {
    return this.#database.within((run) => settling.begin(run, token, ids));
  }

  renew(lease: contract.Lease, ids: readonly string[], now: contract.Now): Promise<readonly string[]> {
    return this.#database.within((run) => settling.renew(run, lease, ids, now));
  }

  async append(appended: readonly contract.Appended[]): Promise<void> {
    if (appended.length > 0) await this.#database.transaction((run) => settling.append(run, appended));
  }

  async settle(settlements: readonly contract.Settlement[], now: contract.Now): Promise<readonly boolean[]> {
    const [first, ...others] = settlements;
    if (first === undefined) return [];
    if (others.length === 0) return [await this.#database.within((run) => settling.settleOne(run, first, now))];
    return this.#database.transaction((run) => settling.settle(run, settlements, now));
  }

  get(service: string, ids: readonly string[]): Promise<readonly contract.StoredMessage[]> {
    return this.#database.within((run) => reading.get(run, service, ids));
  }

  async find(query: contract.StoreQuery, { limit, cursor }: contract.Page): Promise<contract.Found> {
    const statement = reading.queries.find(query, limit + 1, cursor);
    return this.#database.within((run) => reading.page(run, statement, limit));
  }

  count(query: contract.StoreQuery): Promise<number> {
    return this.#database.within((run) => reading.count(run, reading.queries.count(query)));
  }

  cancel(of: CancelRequest, now: contract.Now): Promise<readonly string[]> {
    return this.#database.transaction((run) => upkeep.cancel(run, of, now));
  }

  retry(service: string, id: string, now: contract.Now): Promise<boolean> {
    return this.#database.within((run) => upkeep.retry(run, service, id, now));
  }

  markRead(mark: contract.ReadMark, now: contract.Now): Promise<number> {
    return this.#database.transaction((run) => upkeep.markRead(run, mark, now));
  }

  async unread(service: string, user: string, { limit, cursor }: contract.Page): Promise<contract.Found> {
    const statement = reading.queries.unread(service, user, limit + 1, cursor);
    return this.#database.within((run) => reading.page(run, statement, limit));
  }

  unreadCount(service: string, user: string): Promise<number> {
    return this.#database.within((run) => reading.count(run, reading.queries.unreadCount(service, user)));
  }

  readers(ids: readonly string[]): Promise<ReadonlyMap<string, readonly string[]>> {
    return this.#database.within((run) => reading.readers(run, ids));
  }

  purge(request: contract.PurgeRequest): Promise<number> {
    return purge(this.#database, request);
  }

  erase(service: string, user: string): Promise<number> {
    return erase(this.#database, service, user);
  }

  async unclaimed(
    service: string,
    conditions: readonly string[],
    now: contract.Now,
  ): Promise<ReadonlyMap<string, number>> {
    const { text, values } = unclaimed(service, conditions, now);
    const { rows } = await this.#database.run<{ readonly name: string; readonly count: unknown }>(text, values);
    return new Map(rows.map(({ name, count }) => [name, Number(count)]));
  }
}
