import { tables } from '../sql/names.js';
import { urgencies } from '../sql/rows.js';
import { clock, idsIn, isPicked, later, now } from './clock.js';
import { othersOf } from './rows.js';

// Rows that another worker has just locked are skipped, and every statement commits at once: nobody waits for anybody,
// and no transaction is open while a message is sent. Nothing remembers how far it has read, so that a message whose
// transaction commits late is found all the same.

/** Whether the message that is claimed is one whose lease ran out: it is alone. */
const hasDied = '(SELECT EXISTS (SELECT FROM expired))';

const canBeAsked = '(condition_name IS NULL OR condition_name = ANY($5::text[]))';

/**
 * Each priority is a range of the index by itself: one range for all would read whatever is more urgent and not due.
 * PostgreSQL takes an unknown limit for a tenth of the rows. With a known one within it, a plan for any values is as
 * cheap as one for these, and claims are not planned anew each time.
 */
function dueOf(priority: number, before: readonly number[], most: number): string {
  const taken = before.map((more) => ` - (SELECT count(*) FROM due_${more})`).join('');
  return `due_${priority} AS (SELECT id FROM (
    SELECT id FROM ${tables.messages}
    WHERE service = $2 AND priority = ${priority} AND state IN ('WAITING', 'ERROR_RETRY') AND send_after <= ${now}
      AND ${canBeAsked} AND NOT EXISTS (SELECT FROM expired)
    ORDER BY send_after, id LIMIT ${most} FOR UPDATE SKIP LOCKED) AS found LIMIT $6::bigint${taken})`;
}

/** The power of ten that holds a number: so there are few statements, and each knows about how many it is to find. */
export function powerAbove(limit: number): number {
  return 10 ** Math.ceil(Math.log10(Math.max(limit, 1)));
}

/**
 * Claims messages. Values: the present or null, the service, the token, the lease in milliseconds, the names of the
 * known conditions, the most messages.
 * @param most at least as many
 */
export function claimText(columns: string, most: number): string {
  return `WITH ${clock('$1')},
  expired AS (
    SELECT id FROM ${tables.messages}
    WHERE service = $2 AND state = 'SENDING' AND lease_until <= ${now} AND ${canBeAsked} AND $6::bigint > 0
    ORDER BY lease_until LIMIT 1 FOR UPDATE SKIP LOCKED),
  ${urgencies.map((priority, place) => dueOf(priority, urgencies.slice(0, place), most)).join(', ')},
  ${claimedOf(columns, ['expired', ...urgencies.map((priority) => `due_${priority}`)])}`;
}

/** Takes what tables of a claim have found. */
function claimedOf(columns: string, found: readonly string[]): string {
  return `claimed AS (
    UPDATE ${tables.messages} m SET state = 'SENDING', changed_at = ${now}, lease_token = $3,
      lease_until = ${later('$4::float8')}, is_begun = NOT ${hasDied},
      deaths = m.deaths + CASE WHEN ${hasDied} AND m.is_begun THEN 1 ELSE 0 END
    FROM unnest(${idsIn(found)}) AS picked(message_id)
    WHERE m.id = picked.message_id AND ${isPicked('picked.message_id')}
    RETURNING ${columns}, ${othersOf('m')}, coalesce(m.expires_at <= ${now}, false) AS "isExpired")
  SELECT * FROM claimed ORDER BY priority DESC, send_after, id`;
}

/** The service is no search of an index here: the ids are looked up, and not all that the service has. */
const isNamed = `id = ANY($7::uuid[]) AND service || '' = $2`;

/** Claims among some messages. Values: those of a claim, and the ids. */
export function claimOfText(columns: string): string {
  const canBeClaimed = `${isNamed} AND ${canBeAsked} AND $6::bigint > 0`;
  return `WITH ${clock('$1')},
  expired AS (
    SELECT id FROM ${tables.messages}
    WHERE ${canBeClaimed} AND state = 'SENDING' AND lease_until <= ${now}
    ORDER BY lease_until LIMIT 1 FOR UPDATE SKIP LOCKED),
  due AS (
    SELECT id FROM ${tables.messages}
    WHERE ${canBeClaimed} AND state IN ('WAITING', 'ERROR_RETRY') AND send_after <= ${now}
      AND NOT EXISTS (SELECT FROM expired)
    ORDER BY priority DESC, send_after, id LIMIT $6::bigint FOR UPDATE SKIP LOCKED),
  ${claimedOf(columns, ['expired', 'due'])}`;
}

/**
 * Finds what somebody should have taken. Values: the present or null, the service, the known conditions, the grace in
 * milliseconds, the most messages.
 */
export const dueText: string = (() => {
  const columns = 'id::text AS id, state, priority, attempts, deaths';
  const isKnown = '(condition_name IS NULL OR condition_name = ANY($3::text[]))';
  const until = `${now} - $4::float8 * interval '1 millisecond'`;
  const lost = `(SELECT ${columns} FROM ${tables.messages}
    WHERE service = $2 AND state = 'SENDING' AND lease_until <= ${until} AND ${isKnown}
    ORDER BY lease_until LIMIT $5::bigint)`;
  const due = urgencies.map(
    (priority) => `(SELECT ${columns} FROM ${tables.messages}
    WHERE service = $2 AND priority = ${priority} AND state IN ('WAITING', 'ERROR_RETRY') AND send_after <= ${until}
      AND ${isKnown} ORDER BY send_after, id LIMIT $5::bigint)`,
  );
  // One after the other, and no more of them than are wanted.
  return `WITH ${clock('$1')} ${[lost, ...due].join(' UNION ALL ')} LIMIT $5::bigint`;
})();

/** Values: the token, the ids. */
export const beginText: string = `UPDATE ${tables.messages} SET is_begun = true
  WHERE id = ANY($2::uuid[]) AND lease_token = $1 AND NOT is_begun`;

/** Values: the present or null, the token, the lease in milliseconds, the ids. */
export const renewText: string = `WITH ${clock('$1')}
  UPDATE ${tables.messages} SET lease_until = ${later('$3::float8')}
  WHERE id = ANY($4::uuid[]) AND lease_token = $2 RETURNING id::text AS id`;

/** Counts what is due and waits for a condition. Values: the present or null, the service, the known conditions. */
export const unclaimedText: string = `WITH ${clock('$1')}
  SELECT condition_name AS condition, count(*)::integer AS count FROM ${tables.messages}
  WHERE service = $2 AND state IN ('WAITING', 'ERROR_RETRY') AND condition_name IS NOT NULL
    AND send_after <= ${now} AND NOT condition_name = ANY($3::text[])
  GROUP BY condition_name`;
