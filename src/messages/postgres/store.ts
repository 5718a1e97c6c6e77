import { Opening, type OpeningOptions } from '../sql/opening.js';
import { pageOf, Queries, type Statement } from '../sql/queries.js';
import { byMessage, type DueRow, dueMessage } from '../sql/rows.js';
import type { MessageState } from '../states.js';
import type * as contract from '../store.js';
import { beginText, claimOfText, claimText, dueText, powerAbove, renewText, unclaimedText } from './claim.js';
import { dialect } from './clock.js';
import { type Database, type Prepared, type Run, runOn } from './database.js';
import { Inserts } from './insert.js';
import { Listener } from './listener.js';
import { findMissing, migrate } from './migrate.js';
import { type FullRow, isTrue, messageOf, othersOf } from './rows.js';
import { appendInput, appendText, settleInput, settleText } from './settle.js';
import { PostgresTemplates } from './templates.js';
import { transactionOf } from './transaction.js';
import * as upkeep from './upkeep.js';

type CancelRequest = Parameters<contract.MessageStore['cancel']>[0];
interface ClaimedRow extends FullRow {
  readonly isExpired: unknown;
}
interface WithId {
  readonly id: string;
}

/** Longest time for the removal of a user, in milliseconds. */
const ERASE_MS = 60_000;

/** What a store is made with. */
export interface StoreOptions extends OpeningOptions<Database> {
  readonly notify: boolean;
}

/** Keeps recorded messages in PostgreSQL. */
export class PostgresMessages implements contract.MessageStore {
  readonly name = 'postgres';
  readonly templates: PostgresTemplates;
  /** Present where the database tells. */
  declare readonly listen?: (service: string, wake: () => void) => Promise<() => Promise<void>>;
  readonly #opening: Opening<Database>;
  readonly #database: Database;
  readonly #inserts: Inserts;
  readonly #queries = new Queries(dialect);
  readonly #listener: Listener;
  readonly #statements = new Map<string, Prepared>();

  constructor(options: StoreOptions) {
    this.#opening = new Opening('postgres', { findMissing, migrate }, options);
    this.#database = options.database;
    this.#inserts = new Inserts(options.database, options.notify);
    this.#listener = new Listener(options.database);
    this.templates = new PostgresTemplates(options.database);
    if (options.notify) this.listen = (service, wake) => this.#listener.listen(service, wake);
  }

  open(): Promise<void> {
    return this.#opening.open();
  }

  async close(): Promise<void> {
    this.#listener.close();
    await this.#opening.close();
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
    if (transaction === undefined) return this.#inserts.insert(messages, now, this.#database.run, false);
    const client = transactionOf(transaction);
    const run = runOn(client);
    const inTime: Run = (text, values) => this.#database.on(client, () => run(text, values));
    return this.#inserts.insert(messages, now, inTime, true);
  }

  async claim(request: contract.ClaimRequest): Promise<readonly contract.ClaimedMessage[]> {
    const { service, lease, limit, conditions, ids, now } = request;
    const most = powerAbove(limit);
    const values = [now ?? null, service, lease.token, lease.ms, conditions, limit];
    const { columns } = this.#queries;
    const rows = await (ids === undefined
      ? this.#hot<ClaimedRow>(`claim_${most}`, () => claimText(columns, most), values)
      : this.#hot<ClaimedRow>('claim_of', () => claimOfText(columns), [...values, ids.filter(upkeep.isId)]));
    return rows.map((row) => ({
      ...messageOf(row),
      token: lease.token,
      isBegun: isTrue(row.is_begun),
      isExpired: isTrue(row.isExpired),
    }));
  }

  async due({
    service,
    conditions,
    graceMs,
    limit,
    now,
  }: contract.DueRequest): Promise<readonly contract.DueMessage[]> {
    const rows = await this.#hot<DueRow>('due', () => dueText, [now ?? null, service, conditions, graceMs, limit]);
    return rows.map(dueMessage);
  }

  async begin(token: string, ids: readonly string[]): Promise<void> {
    await this.#hot('begin', () => beginText, [token, ids]);
  }

  async renew(lease: contract.Lease, ids: readonly string[], now: contract.Now): Promise<readonly string[]> {
    const rows = await this.#hot<WithId>('renew', () => renewText, [now ?? null, lease.token, lease.ms, ids]);
    return rows.map(({ id }) => id);
  }

  async append(appended: readonly contract.Appended[]): Promise<void> {
    if (appended.length > 0) await this.#hot('append', () => appendText, [appendInput(appended)]);
  }

  async settle(settlements: readonly contract.Settlement[], now: contract.Now): Promise<readonly boolean[]> {
    if (settlements.length === 0) return [];
    const rows = await this.#hot<WithId>('settle', () => settleText, [now ?? null, settleInput(settlements)]);
    const held = new Set(rows.map(({ id }) => id));
    return settlements.map(({ id }) => held.has(id));
  }

  async get(service: string, ids: readonly string[]): Promise<readonly contract.StoredMessage[]> {
    const text = `SELECT ${this.#queries.columns}, ${othersOf('m')} FROM pushrail_messages m
      WHERE m.service = $1 AND m.id = ANY($2::uuid[])`;
    return (await this.#run<FullRow>(text, [service, ids.filter(upkeep.isId)])).map(messageOf);
  }

  find(query: contract.StoreQuery, { limit, cursor }: contract.Page): Promise<contract.Found> {
    return this.#page(this.#queries.find(query, limit + 1, cursor), limit);
  }

  count(query: contract.StoreQuery): Promise<number> {
    return this.#count(this.#queries.count(query));
  }

  async cancel(of: CancelRequest, now: contract.Now): Promise<readonly string[]> {
    if ('id' in of && !upkeep.isId(of.id)) return [];
    const [by, value] = 'id' in of ? (['id', of.id] as const) : (['key', of.key] as const);
    const rows = await this.#run<WithId>(upkeep.cancelText(by), [now ?? null, of.service, value]);
    return rows.map(({ id }) => id);
  }

  async retry(service: string, id: string, now: contract.Now): Promise<boolean> {
    if (!upkeep.isId(id)) return false;
    return (await this.#run(upkeep.retryText, [now ?? null, service, id])).length > 0;
  }

  async markRead(mark: contract.ReadMark, now: contract.Now): Promise<number> {
    const { text, values } = upkeep.markReadText(mark);
    return (await this.#run(text, [now ?? null, ...values])).length;
  }

  unread(service: string, user: string, { limit, cursor }: contract.Page): Promise<contract.Found> {
    return this.#page(this.#queries.unread(service, user, limit + 1, cursor), limit);
  }

  unreadCount(service: string, user: string): Promise<number> {
    return this.#count(this.#queries.unreadCount(service, user));
  }

  async readers(ids: readonly string[]): Promise<ReadonlyMap<string, readonly string[]>> {
    return byMessage(await this.#run(upkeep.readersText, [ids.filter(upkeep.isId)]));
  }

  async purge({ service, ages, limit, now }: contract.PurgeRequest): Promise<number> {
    await this.#run(upkeep.forgetKeysText, [now ?? null, service]);
    const asked = Object.entries(ages) as [MessageState, number][];
    let removed = 0;
    for (const which of ['ended', 'open'] as const) {
      const own = asked.filter(([state]) => upkeep.isOpen(state) === (which === 'open'));
      if (own.length === 0 || removed >= limit) continue;
      const [states, times] = [own.map(([state]) => state), own.map(([, age]) => age)];
      const values = [now ?? null, service, states, times, limit - removed];
      const [row] = await this.#run<{ readonly count: number }>(upkeep.purgeText(which), values);
      removed += Number(row?.count ?? 0);
    }
    return removed;
  }

  erase(service: string, user: string): Promise<number> {
    return this.#database.transaction(
      (run) => upkeep.eraseUser((text, values) => run(this.#statement(String(text)), values), service, user),
      ERASE_MS,
    );
  }

  async unclaimed(
    service: string,
    conditions: readonly string[],
    now: contract.Now,
  ): Promise<ReadonlyMap<string, number>> {
    const values = [now ?? null, service, conditions];
    const rows = await this.#run<{ readonly condition: string; readonly count: number }>(unclaimedText, values);
    return new Map(rows.map(({ condition, count }) => [condition, Number(count)]));
  }

  async #page({ text, values }: Statement, limit: number): Promise<contract.Found> {
    const full = `SELECT found.*, ${othersOf('found')} FROM (${text}) AS found ORDER BY created_at DESC, id DESC`;
    const rows = await this.#run<FullRow>(full, values);
    const page = pageOf(rows, limit);
    return { messages: rows.slice(0, page.rows.length).map(messageOf), cursor: page.cursor };
  }

  async #count({ text, values }: Statement): Promise<number> {
    const [row] = await this.#run<{ readonly count: string }>(text, values);
    return Number(row?.count ?? 0);
  }

  #run<Row>(text: string, values: readonly unknown[]): Promise<readonly Row[]> {
    return this.#database.run<Row>(this.#statement(text), values);
  }

  /** Runs a statement that connections keep prepared. */
  #hot<Row>(name: string, text: () => string, values: readonly unknown[]): Promise<readonly Row[]> {
    const known = this.#statements.get(name) ?? this.#database.statement(text(), name);
    this.#statements.set(name, known);
    return this.#database.run<Row>(known, values);
  }

  #statement(text: string): Prepared {
    return this.#database.statement(text);
  }
}
