import { tables } from '../sql/names.js';
import { messageStates, statesBefore } from '../states.js';
import type { Appended, Settlement } from '../store.js';
import { clock, isPicked, now, timeOf } from './clock.js';

const legal = messageStates.filter((state) => statesBefore(state).includes('SENDING'));

/**
 * Ends leases. Values: the present or null, JSON of the settlements. The state is compared in words that no index has:
 * that of leases would be read from end to end, with an entry for each message that was sent since the last vacuum.
 */
export const settleText: string = `WITH ${clock('$1')},
  input AS MATERIALIZED (
    SELECT * FROM json_to_recordset($2::json) AS input(id uuid, token text, state text, attempts integer,
      send_in float8, send_at float8, retry boolean, backend text, error text, reason text, outcomes text,
      drops boolean))
  UPDATE ${tables.messages} m SET state = input.state, changed_at = ${now}, lease_token = NULL, lease_until = NULL,
    is_begun = false, attempts = input.attempts, retry_sending = input.retry, backend = input.backend,
    error = input.error, reason = input.reason, outcomes = input.outcomes,
    sent_at = CASE WHEN input.state = 'SENT' THEN ${now} ELSE m.sent_at END,
    send_after = coalesce(${timeOf('input.send_in', 'input.send_at')}, m.send_after),
    content = CASE WHEN input.drops THEN '' ELSE m.content END
  FROM input WHERE m.id = input.id AND ${isPicked('input.id')} AND m.lease_token = input.token AND m.state || '' = 'SENDING'
    AND input.state IN (${legal.map((state) => `'${state}'`).join(', ')})
  RETURNING m.id::text AS id`;

export function settleInput(settlements: readonly Settlement[]): string {
  return JSON.stringify(
    settlements.map(({ id, token, state, attempts, sendAfter, retrySending, ...rest }) => ({
      ...{ id, token, state, attempts, send_in: sendAfter?.inMs, send_at: sendAfter?.at, retry: retrySending },
      ...{ backend: rest.backend, reason: rest.reason, drops: rest.dropsContent },
      error: rest.error && JSON.stringify(rest.error),
      outcomes: rest.outcomes.length === 0 ? undefined : JSON.stringify(rest.outcomes),
    })),
  );
}

/**
 * Keeps what was accepted. The lock keeps the message from being removed in between. Values: JSON of the outcomes and
 * their messages.
 */
export const appendText: string = `WITH kept AS (
    SELECT id FROM ${tables.messages}
    WHERE id IN (SELECT id FROM json_to_recordset($1::json) AS input(id uuid)) FOR KEY SHARE)
  INSERT INTO ${tables.outcomes} (message_id, outcome)
  SELECT input.id, listed.outcome FROM kept
  JOIN ROWS FROM (json_to_recordset($1::json) AS (id uuid, outcomes json)) WITH ORDINALITY AS input(id, outcomes, place)
    USING (id)
  CROSS JOIN LATERAL json_array_elements_text(input.outcomes) WITH ORDINALITY AS listed(outcome, place)
  ORDER BY input.place, listed.place`;

export function appendInput(appended: readonly Appended[]): string {
  return JSON.stringify(
    appended.map(({ id, outcomes }) => ({ id, outcomes: outcomes.map((outcome) => JSON.stringify(outcome)) })),
  );
}
