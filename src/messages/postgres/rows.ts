import { tables } from '../sql/names.js';
import { byMessage, type MessageRow, storedMessage } from '../sql/rows.js';
import type { StoredMessage } from '../store.js';

/** A row of a message, with what other tables tell of it. */
export interface FullRow extends MessageRow {
  /** JSON of the ids of the users; null for a message to channels, and for none. */
  readonly users: string | null;
  /** JSON of the texts of what was appended; null for nothing. */
  readonly appended: string | null;
}

/** The columns of a {@link FullRow} that other tables tell. @param message name of the message's table */
export function othersOf(message: string): string {
  return `CASE WHEN ${message}.channels IS NULL THEN (
      SELECT json_agg(r.user_id ORDER BY r.position)::text FROM ${tables.recipients} r WHERE r.message_id = ${message}.id
    ) END AS users,
    (SELECT json_agg(o.outcome ORDER BY o.number)::text FROM ${tables.outcomes} o WHERE o.message_id = ${message}.id)
      AS appended`;
}

/** A row as a message. */
export function messageOf(row: FullRow): StoredMessage {
  return storedMessage(inWhole(row), { users: valuesOf(row, row.users), appended: valuesOf(row, row.appended) });
}

function valuesOf({ id }: MessageRow, json: string | null): ReadonlyMap<string, readonly string[]> {
  const values = json === null ? [] : (JSON.parse(json) as readonly string[]);
  return byMessage(values.map((value) => ({ message_id: id, value })));
}

/** Whether a value of PostgreSQL's is true. */
export function isTrue(value: unknown): boolean {
  return value === true || value === 't';
}

/** A row, whatever the application's parsers for `pg` have made of it: they may leave each value a text. */
function inWhole(row: MessageRow): MessageRow {
  const time = (value: number | null): number | null => (value === null ? null : Math.round(Number(value)));
  return {
    ...row,
    created_at: Math.round(Number(row.created_at)),
    changed_at: Math.round(Number(row.changed_at)),
    send_after: Math.round(Number(row.send_after)),
    sent_at: time(row.sent_at),
    expires_at: time(row.expires_at),
    lease_until: time(row.lease_until),
    priority: Number(row.priority),
    attempts: Number(row.attempts),
    deaths: Number(row.deaths),
    is_begun: isTrue(row.is_begun),
    retry_sending: isTrue(row.retry_sending),
  };
}
