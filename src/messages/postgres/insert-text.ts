import { tables } from '../sql/names.js';
import { clock, later, now, timeOf } from './clock.js';

/** The columns of what is handed to the statement, and their types. */
const inputs = {
  id: 'uuid',
  service: 'text',
  event: 'text',
  priority: 'smallint',
  tag: 'text',
  message_key: 'text',
  condition_name: 'text',
  channels: 'text',
  users: 'json',
  related: 'json',
  content: 'text',
  details: 'text',
  send_in: 'float8',
  send_at: 'float8',
  expires_in: 'float8',
  expires_at: 'float8',
  idempotency_key: 'text',
  digest: 'text',
  ttl: 'float8',
  lease_token: 'text',
  lease_ms: 'float8',
} as const;

/** What is handed to the statement for a message. */
export type Input = Readonly<Record<keyof typeof inputs, string | number | null>>;

/** The names of these columns, in the order of their places. */
export const names: readonly (keyof Input)[] = Object.keys(inputs) as (keyof Input)[];

/** What messages have, and their statement needs. */
export interface Shape {
  readonly isOne: boolean;
  readonly hasUsers: boolean;
  readonly hasRelated: boolean;
  readonly hasKeys: boolean;
  /** Whether a listening process is told. */
  readonly notifies: boolean;
  /** Whether no message is recorded when one is there already. Elsewhere, the unique violation does it. */
  readonly isGuarded: boolean;
}

/**
 * One statement for all tables, so that one round trip records all or nothing. No key that is taken is an error: that
 * would abort a transaction of the application's.
 */
export function textFor({ isOne, hasUsers, hasRelated, hasKeys, notifies, isGuarded }: Shape): string {
  const parts: (readonly [name: string, text: string])[] = [['input', isOne ? oneInput() : manyInputs]];
  const terms: string[] = [];
  if (isGuarded) {
    parts.push(['twice', twice]);
    terms.push('NOT EXISTS (SELECT FROM twice)');
  }
  if (hasKeys) {
    parts.push(['keys', keys(terms)]);
    terms.push('(idempotency_key IS NULL OR id IN (SELECT message_id FROM keys))');
  }
  const returned = terms.length > 0 || notifies ? 'RETURNING id, service, state, send_after' : '';
  parts.push(['recorded', `${messages(terms, isGuarded)} ${returned}`]);
  // Without a term, all that came in is recorded.
  const those = terms.length > 0 ? 'recorded JOIN input USING (id, service)' : 'input';
  if (hasUsers) parts.push(['recipients', recipients(those)]);
  if (hasRelated) parts.push(['related', related(those)]);
  const answers = isGuarded ? [`SELECT NULL AS id, '${TWICE}' AS holder, NULL AS digest FROM twice`] : [];
  if (hasKeys) answers.push(leftOut);
  if (notifies) answers.push(notified);
  // Where nothing is to be answered, the last part is the statement itself: an empty answer would take time, too.
  const last = answers.length > 0 ? answers.join(' UNION ALL ') : parts.pop()?.[1];
  return `WITH ${[clock('$1'), ...parts.map(([name, part]) => `${name} AS (${part})`)].join(', ')} ${last}`;
}

const manyInputs = `SELECT * FROM json_to_recordset($2::json) AS input(${names.map((name) => `${name} ${inputs[name]}`).join(', ')})`;

function oneInput(): string {
  const places = names.map((name, index) => `$${index + 2}::${inputs[name]} AS ${name}`);
  return `SELECT ${places.join(', ')}`;
}

// In the order of the keys, so that two processes that record the same ones wait for each other in one order.
const keys = (terms: readonly string[]): string => `
  INSERT INTO ${tables.idempotency} AS known (service, key, digest, message_id, expires_at)
  SELECT service, idempotency_key, digest, id, ${later('ttl')} FROM input
  WHERE ${['idempotency_key IS NOT NULL', ...terms].join(' AND ')} ORDER BY service, idempotency_key
  ON CONFLICT (service, key) DO UPDATE
  SET digest = excluded.digest, message_id = excluded.message_id, expires_at = excluded.expires_at
  WHERE known.expires_at <= ${now}
  RETURNING message_id`;

function messages(terms: readonly string[], isGuarded: boolean): string {
  return `INSERT INTO ${tables.messages} (id, service, state, created_at, changed_at, send_after, expires_at, event,
    priority, tag, message_key, condition_name, channels, related, content, details, idempotency_key, is_begun,
    lease_token, lease_until)
  SELECT id, service, CASE WHEN lease_token IS NULL THEN 'WAITING' ELSE 'SENDING' END, ${now}, ${now},
    ${timeOf('send_in', 'send_at')}, ${timeOf('expires_in', 'expires_at')}, event, priority, tag, message_key,
    condition_name, channels, related::text, content, details, idempotency_key, lease_token IS NOT NULL, lease_token,
    ${later('lease_ms')}
  FROM input ${terms.length === 0 ? '' : `WHERE ${terms.join(' AND ')}`} ${isGuarded ? 'ON CONFLICT DO NOTHING' : ''}`;
}

/** In place of who has a key: the id of a message is there already. */
export const TWICE = 'twice';

const twice = `SELECT FROM ${tables.messages} WHERE id IN (SELECT id FROM input)`;

const recipients = (those: string): string => `
  INSERT INTO ${tables.recipients} (message_id, position, service, user_id, created_at)
  SELECT id, position, service, user_id, ${now} FROM ${those}
  CROSS JOIN LATERAL json_array_elements_text(users) WITH ORDINALITY AS listed(user_id, position)`;

const related = (those: string): string => `
  INSERT INTO ${tables.related} (message_id, service, type, object_id, created_at)
  SELECT DISTINCT input.id, input.service, listed.type, listed.id, ${now} FROM ${those}
  CROSS JOIN LATERAL json_to_recordset(related) AS listed(type text, id text)`;

const leftOut = `SELECT input.id::text AS id, known.message_id::text AS holder, known.digest AS digest FROM input
  LEFT JOIN ${tables.idempotency} known ON known.service = input.service AND known.key = input.idempotency_key
  WHERE input.idempotency_key IS NOT NULL AND input.id NOT IN (SELECT message_id FROM keys)`;

/** The channel of NOTIFY. Its payload is the name of the service. */
export const CHANNEL = 'pushrail_wake';

const notified = `SELECT NULL AS id, NULL AS holder, pg_notify('${CHANNEL}', service)::text AS digest FROM (
  SELECT DISTINCT service FROM recorded WHERE state = 'WAITING' AND send_after <= ${now}) AS due`;
