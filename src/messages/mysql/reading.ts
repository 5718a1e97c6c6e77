import { tables } from '../sql/names.js';
import { pageOf, Queries, type Statement } from '../sql/queries.js';
import { byMessage, type MessageRow, storedMessage } from '../sql/rows.js';
import type { Found, StoredMessage } from '../store.js';
import type { Run } from './clients.js';
import { dialect } from './clock.js';
import { byId, listed, portions } from './lists.js';

/** The statements of searches. */
export const queries: Queries = new Queries(dialect);

export async function get(run: Run, service: string, ids: readonly string[]): Promise<readonly StoredMessage[]> {
  const found: StoredMessage[] = [];
  for (const some of portions(ids)) {
    const { places, values } = listed(some);
    const text = `SELECT ${queries.columns} FROM ${tables.messages} m ${byId}
      WHERE m.id IN (${places}) AND m.service = ?`;
    found.push(...(await messagesOf(run, (await run<MessageRow>(text, [...values, service])).rows)));
  }
  return found;
}

export async function page(run: Run, { text, values }: Statement, limit: number): Promise<Found> {
  const { rows } = await run<MessageRow>(text, values);
  const found = pageOf(rows.map(inWhole), limit);
  return { messages: await messagesOf(run, found.rows), cursor: found.cursor };
}

export async function count(run: Run, { text, values }: Statement): Promise<number> {
  const { rows } = await run<{ readonly count: unknown }>(text, values);
  return Number(rows[0]?.count ?? 0);
}

/** The ids of the users who have read each message. */
export async function readers(run: Run, ids: readonly string[]): Promise<ReadonlyMap<string, readonly string[]>> {
  const several = await ofMessages(run, ids, (places) => {
    return `SELECT message_id, user_id AS value FROM ${tables.recipients} ${byId}
      WHERE message_id IN (${places}) AND read_at IS NOT NULL ORDER BY message_id, position`;
  });
  const single = await ofMessages(run, ids, (places) => {
    return `SELECT id AS message_id, user_id AS value FROM ${tables.messages} ${byId}
      WHERE id IN (${places}) AND read_at IS NOT NULL`;
  });
  return byMessage([...several, ...single]);
}

/** Rows as messages, with what other tables tell of them. */
export async function messagesOf(run: Run, rows: readonly MessageRow[]): Promise<readonly StoredMessage[]> {
  const toUsers = rows.filter((row) => row.channels === null && row.user_id === null).map(({ id }) => id);
  const users = await ofMessages(run, toUsers, (places) => {
    return `SELECT message_id, user_id AS value FROM ${tables.recipients} ${byId} WHERE message_id IN (${places})
      ORDER BY message_id, position`;
  });
  const appended = await ofMessages(
    run,
    rows.map(({ id }) => id),
    (places) => `SELECT message_id, outcome AS value FROM ${tables.outcomes} FORCE INDEX (pushrail_outcomes_message)
      WHERE message_id IN (${places}) ORDER BY message_id, number`,
  );
  const others = { users: byMessage(users), appended: byMessage(appended) };
  return rows.map((row) => storedMessage(inWhole(row), others));
}

interface Value {
  readonly message_id: string;
  readonly value: string;
}

async function ofMessages(run: Run, ids: readonly string[], textOf: (places: string) => string): Promise<Value[]> {
  const rows: Value[] = [];
  for (const some of portions(ids)) {
    const { places, values } = listed(some);
    rows.push(...(await run<Value>(textOf(places), values)).rows);
  }
  return rows;
}

/** A row, whatever the application's pool makes of large numbers: it may leave them texts. */
function inWhole(row: MessageRow): MessageRow {
  const time = (value: number | null): number | null => (value === null ? null : Number(value));
  return {
    ...row,
    created_at: Number(row.created_at),
    changed_at: Number(row.changed_at),
    send_after: Number(row.send_after),
    sent_at: time(row.sent_at),
    expires_at: time(row.expires_at),
    lease_until: time(row.lease_until),
    is_begun: Number(row.is_begun),
    retry_sending: Number(row.retry_sending),
  };
}
