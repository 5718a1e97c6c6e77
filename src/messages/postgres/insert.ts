import { setTimeout as wait } from 'node:timers/promises';
import { ValidationError } from '../../core/errors.js';
import { DeliveryError } from '../../core/report.js';
import { tables } from '../sql/names.js';
import { numberOf } from '../sql/rows.js';
import type { NewMessage, Now, Recorded } from '../store.js';
import { clock, later, now, timeOf } from './clock.js';
import type { Database, Prepared, Run } from './database.js';

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

type Input = Readonly<Record<keyof typeof inputs, string | number | null>>;

const names = Object.keys(inputs) as (keyof Input)[];

/** Most times that a key is looked for whose message comes and goes in the meantime. */
const MAX_LOOKS = 5;

/** What messages have, and their statement needs. */
interface Shape {
  readonly isOne: boolean;
  readonly hasUsers: boolean;
  readonly hasRelated: boolean;
  readonly hasKeys: boolean;
  /** Whether a listening process is told. */
  readonly notifies: boolean;
  /** Whether no message is recorded when one is there already. Elsewhere, the unique violation does it. */
  readonly isGuarded: boolean;
}

/** The statements that record messages, each made when it is first needed. */
export class Inserts {
  readonly #database: Database;
  readonly #notify: boolean;
  readonly #statements = new Map<string, Prepared>();

  constructor(database: Database, notify: boolean) {
    this.#database = database;
    this.#notify = notify;
  }

  /**
   * @param isGuarded whether a unique violation would abort a transaction of the application's, which `run` runs in
   * @throws ValidationError for an id that is there already
   */
  async insert(
    messages: readonly NewMessage[],
    present: Now,
    run: Run,
    isGuarded: boolean,
  ): Promise<readonly (Recorded | undefined)[]> {
    if (messages.length === 0) return [];
    const { first, twins } = withoutTwins(messages);
    const taken = await this.#record(first, present, run, isGuarded);
    return messages.map(({ id }) => {
      const original = twins.get(id);
      return original === undefined
        ? taken.get(id)
        : (taken.get(original.id) ?? { id: original.id, digest: original.idempotency?.digest ?? '' });
    });
  }

  /** @returns who has the key, for each message that was left out */
  async #record(
    messages: readonly NewMessage[],
    present: Now,
    run: Run,
    isGuarded: boolean,
  ): Promise<Map<string, Recorded>> {
    const taken = new Map<string, Recorded>();
    let open = messages;
    for (let looks = 1; open.length > 0; looks++) {
      const rows = await run<LeftOut>(...this.#call(open, present, isGuarded));
      const unseen = new Set<string>();
      for (const { id, holder, digest } of rows) {
        if (holder === TWICE) throw idTwice();
        if (id === null || holder === id) continue;
        if (holder === null) unseen.add(id);
        else taken.set(id, { id: holder, digest });
      }
      // The key was taken by a transaction that has ended since the statement began: the next one sees it.
      open = open.filter(({ id }) => unseen.has(id));
      if (open.length === 0) break;
      if (looks === MAX_LOOKS)
        throw new DeliveryError('PostgreSQL: the idempotency key comes and goes.', {
          retryable: true,
          outcome: 'rejected',
        });
      await wait(looks);
    }
    return taken;
  }

  #call(messages: readonly NewMessage[], present: Now, isGuarded: boolean): [statement: Prepared, values: unknown[]] {
    const isOne = messages.length === 1;
    const statement = this.#statement({
      isOne,
      hasUsers: messages.some(({ recipients }) => recipients.users !== undefined),
      hasRelated: messages.some(({ relatedTo }) => relatedTo.length > 0),
      hasKeys: messages.some(({ idempotency }) => idempotency !== undefined),
      isGuarded,
      notifies: this.#notify && messages.some(({ lease }) => lease === undefined),
    });
    const [only] = messages;
    if (isOne && only !== undefined) {
      const input = inputOf(only, JSON.stringify);
      return [statement, [present ?? null, ...names.map((name) => input[name])]];
    }
    return [
      statement,
      [present ?? null, JSON.stringify(messages.map((message) => inputOf(message, (value) => value)))],
    ];
  }

  #statement(shape: Shape): Prepared {
    const key = JSON.stringify(shape);
    const known = this.#statements.get(key) ?? this.#database.statement(textFor(shape), 'insert');
    this.#statements.set(key, known);
    return known;
  }
}

/** A message that was left out, by its id; only nulls where listeners were told. */
interface LeftOut {
  readonly id: string | null;
  readonly holder: string | null;
  readonly digest: string;
}

function inputOf(message: NewMessage, json: (value: unknown) => unknown): Input {
  const { recipients, relatedTo, sendAfter, expires, idempotency, lease } = message;
  return {
    id: message.id,
    service: message.service,
    event: message.event,
    priority: numberOf(message.priority),
    tag: message.tag ?? null,
    message_key: message.key ?? null,
    condition_name: message.condition ?? null,
    channels: recipients.channels === undefined ? null : JSON.stringify(recipients.channels),
    users: recipients.users === undefined ? null : (json(recipients.users) as string),
    related: json(relatedTo.map(({ type, id }) => ({ type, id }))) as string,
    content: message.content,
    details: message.details,
    send_in: sendAfter.inMs ?? null,
    send_at: sendAfter.at ?? null,
    expires_in: expires?.inMs ?? null,
    expires_at: expires?.at ?? null,
    idempotency_key: idempotency?.key ?? null,
    digest: idempotency?.digest ?? null,
    ttl: idempotency?.ttlMs ?? null,
    lease_token: lease?.token ?? null,
    lease_ms: lease?.ms ?? null,
  };
}

/**
 * Sets aside messages whose idempotency key an earlier one of the same call has: one statement cannot tell these apart.
 * @returns the others, and the earlier one for each that was set aside
 */
function withoutTwins(messages: readonly NewMessage[]): {
  readonly first: readonly NewMessage[];
  readonly twins: ReadonlyMap<string, NewMessage>;
} {
  const owners = new Map<string, NewMessage>();
  const twins = new Map<string, NewMessage>();
  const ids = new Set<string>();
  for (const message of messages) {
    if (ids.has(message.id)) throw idTwice();
    ids.add(message.id);
    if (message.idempotency === undefined) continue;
    const name = JSON.stringify([message.service, message.idempotency.key]);
    const owner = owners.get(name);
    if (owner === undefined) owners.set(name, message);
    else twins.set(message.id, owner);
  }
  return { first: messages.filter(({ id }) => !twins.has(id)), twins };
}

/**
 * One statement for all tables, so that one round trip records all or nothing. No key that is taken is an error: that
 * would abort a transaction of the application's.
 */
function textFor({ isOne, hasUsers, hasRelated, hasKeys, notifies, isGuarded }: Shape): string {
  const parts = [clock('$1'), isOne ? oneInput() : manyInputs];
  if (isGuarded) parts.push(twice);
  const terms = isGuarded ? ['NOT EXISTS (SELECT FROM twice)'] : [];
  if (hasKeys) {
    parts.push(keys(terms));
    terms.push('(idempotency_key IS NULL OR id IN (SELECT message_id FROM keys))');
  }
  const recorded = messages(terms, isGuarded);
  // By far the most frequent one, and a third faster without what the others need.
  if (!hasUsers && !hasRelated && !hasKeys && !notifies && !isGuarded) return `WITH ${parts.join(', ')} ${recorded}`;
  parts.push(`recorded AS (${recorded} RETURNING id, service, state, send_after)`);
  if (hasUsers) parts.push(recipients);
  if (hasRelated) parts.push(related);
  const ends = isGuarded ? [`SELECT NULL AS id, '${TWICE}' AS holder, NULL AS digest FROM twice`] : [];
  if (hasKeys) ends.push(leftOut);
  if (notifies) ends.push(notified);
  return `WITH ${parts.join(', ')} ${ends.length === 0 ? 'SELECT 1 LIMIT 0' : ends.join(' UNION ALL ')}`;
}

const manyInputs = `input AS MATERIALIZED (
  SELECT * FROM json_to_recordset($2::json) AS input(${names.map((name) => `${name} ${inputs[name]}`).join(', ')}))`;

function oneInput(): string {
  const places = names.map((name, index) => `$${index + 2}::${inputs[name]} AS ${name}`);
  return `input AS MATERIALIZED (SELECT ${places.join(', ')})`;
}

// In the order of the keys, so that two processes that record the same ones wait for each other in one order.
const keys = (terms: readonly string[]): string => `keys AS (
  INSERT INTO ${tables.idempotency} AS known (service, key, digest, message_id, expires_at)
  SELECT service, idempotency_key, digest, id, ${later('ttl')} FROM input
  WHERE ${['idempotency_key IS NOT NULL', ...terms].join(' AND ')} ORDER BY service, idempotency_key
  ON CONFLICT (service, key) DO UPDATE
  SET digest = excluded.digest, message_id = excluded.message_id, expires_at = excluded.expires_at
  WHERE known.expires_at <= ${now}
  RETURNING message_id)`;

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
const TWICE = 'twice';

const twice = `twice AS MATERIALIZED (SELECT FROM ${tables.messages} WHERE id IN (SELECT id FROM input))`;

function idTwice(): ValidationError {
  return new ValidationError('PostgreSQL: two messages have one id. Make a new UUID for each message.');
}

const recipients = `recipients AS (
  INSERT INTO ${tables.recipients} (message_id, position, service, user_id, created_at)
  SELECT id, position, service, user_id, ${now} FROM recorded JOIN input USING (id, service)
  CROSS JOIN LATERAL json_array_elements_text(users) WITH ORDINALITY AS listed(user_id, position))`;

const related = `related AS (
  INSERT INTO ${tables.related} (message_id, service, type, object_id, created_at)
  SELECT DISTINCT input.id, service, listed.type, listed.id, ${now} FROM recorded JOIN input USING (id, service)
  CROSS JOIN LATERAL json_to_recordset(related) AS listed(type text, id text))`;

const leftOut = `SELECT input.id::text AS id, known.message_id::text AS holder, known.digest AS digest FROM input
  LEFT JOIN ${tables.idempotency} known ON known.service = input.service AND known.key = input.idempotency_key
  WHERE input.idempotency_key IS NOT NULL AND input.id NOT IN (SELECT message_id FROM keys)`;

/** The channel of NOTIFY. Its payload is the name of the service. */
export const CHANNEL = 'pushrail_wake';

const notified = `SELECT NULL AS id, NULL AS holder, pg_notify('${CHANNEL}', service)::text AS digest FROM (
  SELECT DISTINCT service FROM recorded WHERE state = 'WAITING' AND send_after <= ${now}) AS due`;
