import type { DatabaseSync } from 'node:sqlite';
import { pageOf, Queries, type Statement } from '../sql/queries.js';
import { byMessage, type DueRow, dueMessage, type MessageRow, storedMessage, urgencies } from '../sql/rows.js';
import type { ClaimedMessage, DueMessage, DueRequest, Found, Page, StoredMessage, StoreQuery } from '../store.js';
import { Prepared } from './prepared.js';
import { dialect } from './statements.js';

const queries = new Queries(dialect);

export function get(database: DatabaseSync, service: string, ids: readonly string[]): readonly StoredMessage[] {
  return withOthers(database, Prepared.of(database).all<MessageRow>('get', service, JSON.stringify(ids)));
}

export function find(database: DatabaseSync, query: StoreQuery, { limit, cursor }: Page): Found {
  return page(database, queries.find(query, limit + 1, cursor), limit);
}

export function unread(database: DatabaseSync, service: string, user: string, { limit, cursor }: Page): Found {
  return page(database, queries.unread(service, user, limit + 1, cursor), limit);
}

export function count(database: DatabaseSync, query: StoreQuery): number {
  return counted(database, queries.count(query));
}

export function unreadCount(database: DatabaseSync, service: string, user: string): number {
  return counted(database, queries.unreadCount(service, user));
}

export function readers(database: DatabaseSync, ids: readonly string[]): ReadonlyMap<string, readonly string[]> {
  return byMessage(Prepared.of(database).all('readers', JSON.stringify(ids)));
}

export function unclaimed(
  database: DatabaseSync,
  service: string,
  conditions: readonly string[],
  at: number,
): ReadonlyMap<string, number> {
  const rows = Prepared.of(database).all<{ name: string; count: number }>(
    'unclaimed',
    service,
    service,
    service,
    at,
    JSON.stringify(conditions),
  );
  return new Map(rows.filter((row) => row.count > 0).map((row) => [row.name, row.count]));
}

/** What somebody should have taken by a time. */
export function due(database: DatabaseSync, request: DueRequest, until: number): readonly DueMessage[] {
  const prepared = Prepared.of(database);
  const { service, conditions, limit } = request;
  const known = JSON.stringify(conditions);
  const rows = [...prepared.all<DueRow>('lost', service, until, known, limit)];
  for (const priority of urgencies) {
    if (rows.length >= limit) break;
    rows.push(...prepared.all<DueRow>('due', service, priority, until, known, limit - rows.length));
  }
  return rows.map(dueMessage);
}

/** Rows that were claimed, as messages. */
export function claimed(database: DatabaseSync, rows: readonly MessageRow[], at: number): readonly ClaimedMessage[] {
  return withOthers(database, rows).map((message, place) => ({
    ...message,
    token: rows[place]?.lease_token ?? '',
    isBegun: Boolean(rows[place]?.is_begun),
    isExpired: message.expiresAt !== undefined && message.expiresAt <= at,
  }));
}

function page(database: DatabaseSync, statement: Statement, limit: number): Found {
  const { rows, cursor } = pageOf(Prepared.of(database).query<MessageRow>(statement), limit);
  return { messages: withOthers(database, rows), cursor };
}

function counted(database: DatabaseSync, statement: Statement): number {
  return Prepared.of(database).query<{ count: number }>(statement)[0]?.count ?? 0;
}

/** Rows as messages, with what other tables tell of them. */
function withOthers(database: DatabaseSync, rows: readonly MessageRow[]): readonly StoredMessage[] {
  if (rows.length === 0) return [];
  const prepared = Prepared.of(database);
  const ids = JSON.stringify(rows.map(({ id }) => id));
  const users = byMessage(prepared.all('usersOf', ids));
  const appended = byMessage(prepared.all('appendedTo', ids));
  return rows.map((row) => storedMessage(row, { users, appended }));
}
