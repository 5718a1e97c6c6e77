import { tables } from '../sql/names.js';
import { jsonWithout } from '../sql/rows.js';
import { listOf, readable, repeatable, waiting } from '../sql/states.js';
import { waitingStates } from '../states.js';
import type { ReadMark } from '../store.js';
import { clock, idsIn, now } from './clock.js';
import type { Run } from './database.js';

const openStates: readonly string[] = [...waitingStates, 'SENDING'];
const open = listOf(openStates);

/** Values: the present or null, the service, the key or the id. */
export function cancelText(by: 'key' | 'id'): string {
  const which = by === 'key' ? 'message_key = $3' : 'id = $3::uuid';
  return `WITH ${clock('$1')} UPDATE ${tables.messages} SET state = 'CANCELLED', changed_at = ${now}
    WHERE service = $2 AND ${which} AND state IN (${waiting}) RETURNING id::text AS id`;
}

/** Values: the present or null, the service, the id. */
export const retryText: string = `WITH ${clock('$1')}
  UPDATE ${tables.messages} SET state = 'WAITING', deaths = 0, changed_at = ${now}, send_after = ${now}
  WHERE service = $2 AND id = $3::uuid AND state IN (${repeatable}) RETURNING id`;

/** Notes that a user has read messages. @returns the statement, and its values after the present */
export function markReadText(mark: ReadMark): { readonly text: string; readonly values: readonly unknown[] } {
  const { which, values } = markedBy(mark);
  return {
    text: `WITH ${clock('$1')} UPDATE ${tables.recipients} r SET read_at = ${now} FROM ${tables.messages} m
      WHERE r.service = $2 AND r.user_id = $3 AND r.read_at IS NULL AND m.id = r.message_id
        AND ${readable('m.')} AND ${which} RETURNING r.message_id`,
    values: [mark.service, mark.user, ...values],
  };
}

function markedBy(mark: ReadMark): { readonly which: string; readonly values: readonly unknown[] } {
  if ('ids' in mark) return { which: 'r.message_id = ANY($4::uuid[])', values: [mark.ids.filter(isId)] };
  if ('tag' in mark) return { which: 'm.tag = $4', values: [mark.tag] };
  const { type, id } = mark.relatedTo;
  const about = `SELECT o.message_id FROM ${tables.related} o WHERE o.service = $2 AND o.type = $4 AND o.object_id = $5`;
  return { which: `r.message_id IN (${about})`, values: [type, id] };
}

/** Values: the ids. */
export const readersText: string = `SELECT message_id::text AS message_id, user_id AS value FROM ${tables.recipients}
  WHERE message_id = ANY($1::uuid[]) AND read_at IS NOT NULL ORDER BY message_id, position`;

/**
 * Removes old messages. Values: the present or null, the service, the states, for each the age in milliseconds, the
 * most messages.
 * @param which whether the states are those that messages end in, for which there is an index
 */
export function purgeText(which: 'ended' | 'open'): string {
  return `WITH ${clock('$1')},
  old AS (
    SELECT found.id FROM unnest($3::text[], $4::float8[]) AS asked(state, age) CROSS JOIN LATERAL (
      SELECT m.id FROM ${tables.messages} m
      WHERE m.service = $2 AND m.state = asked.state AND m.state ${which === 'ended' ? 'NOT ' : ''}IN (${open})
        AND m.changed_at <= ${now} - asked.age * interval '1 millisecond'
      ORDER BY m.changed_at LIMIT $5 FOR UPDATE SKIP LOCKED) AS found
    LIMIT $5),
  ${removalOf('old')}
  SELECT count(*)::integer AS count FROM removed`;
}

/** Whether a message may go on from a state by itself. */
export function isOpen(state: string): boolean {
  return openStates.includes(state);
}

/** Values: the present or null, the service. */
export const forgetKeysText: string = `WITH ${clock('$1')}
  DELETE FROM ${tables.idempotency} WHERE service = $2 AND expires_at <= ${now}`;

/** Removes a user, in a transaction. @returns how many messages were for the user */
export async function eraseUser(run: Run, service: string, user: string): Promise<number> {
  const found = await run<{ readonly id: string; readonly outcomes: string | null }>(
    `SELECT m.id::text AS id, m.outcomes FROM ${tables.messages} m WHERE m.id = ANY (ARRAY(
      SELECT r.message_id FROM ${tables.recipients} r WHERE r.service = $1 AND r.user_id = $2)) ORDER BY m.id FOR UPDATE`,
    [service, user],
  );
  const ids = found.map(({ id }) => id);
  const settled = found.flatMap(({ id, outcomes }) => {
    const left = outcomes === null ? undefined : jsonWithout(outcomes, user);
    return left === undefined ? [] : { id, others: left };
  });
  await run(
    `UPDATE ${tables.messages} m SET outcomes = input.others
    FROM json_to_recordset($1::json) AS input(id uuid, others text) WHERE m.id = input.id`,
    [JSON.stringify(settled)],
  );
  const appended = await run<{ readonly id: string; readonly number: string; readonly outcome: string }>(
    `SELECT message_id::text AS id, number::text AS number, outcome FROM ${tables.outcomes}
    WHERE message_id = ANY($1::uuid[])`,
    [ids],
  );
  const changed = appended.flatMap(({ id, number, outcome }) => {
    const left = jsonWithout(`[${outcome}]`, user);
    return left === undefined ? [] : { id, number, others: left === '[]' ? undefined : left.slice(1, -1) };
  });
  const input = `json_to_recordset($1::json) AS input(id uuid, number bigint, others text)
    WHERE o.message_id = input.id AND o.number = input.number`;
  await run(
    `WITH gone AS (DELETE FROM ${tables.outcomes} o USING ${input} AND input.others IS NULL)
    UPDATE ${tables.outcomes} o SET outcome = input.others FROM ${input} AND input.others IS NOT NULL`,
    [JSON.stringify(changed)],
  );
  await run(`DELETE FROM ${tables.recipients} WHERE service = $1 AND user_id = $2`, [service, user]);
  await run(
    `WITH old AS (SELECT id FROM unnest($1::uuid[]) AS asked(id)
      WHERE NOT EXISTS (SELECT FROM ${tables.recipients} r WHERE r.message_id = asked.id)), ${removalOf('old')}
    SELECT 1 LIMIT 0`,
    [ids],
  );
  return ids.length;
}

/** Removes messages and what belongs to them. */
function removalOf(old: string): string {
  const parts = [tables.recipients, tables.related, tables.outcomes].map(
    (table, place) => `part_${place} AS (DELETE FROM ${table} WHERE message_id = ANY (${idsIn([old])}))`,
  );
  parts.push(`removed AS (DELETE FROM ${tables.messages} WHERE id = ANY (${idsIn([old])}) RETURNING id)`);
  return parts.join(', ');
}

/** Whether a text can be the id of a message. PostgreSQL fails at any other one. */
export function isId(text: string): boolean {
  return /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i.test(text);
}
