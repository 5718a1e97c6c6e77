import { ValidationError } from '../../core/errors.js';
import { tables } from '../sql/names.js';
import { numberOf } from '../sql/rows.js';
import type { NewMessage, Now, Recorded, Time } from '../store.js';
import type { Run } from './clients.js';
import { now, present } from './clock.js';
import { byId, parts, rowsOf } from './lists.js';
import { lengths } from './schema.js';

/** Whether one statement records it, so that it needs no transaction around it. */
export function isOneStatement(messages: readonly NewMessage[]): boolean {
  const [only, ...others] = messages;
  if (only === undefined || others.length > 0) return false;
  return (
    (only.recipients.channels !== undefined || oneUser(only) !== undefined) &&
    only.relatedTo.length === 0 &&
    only.idempotency === undefined
  );
}

/** Records messages, in a transaction that somebody else begins and ends. */
export async function insert(
  run: Run,
  messages: readonly NewMessage[],
  at: Now,
): Promise<readonly (Recorded | undefined)[]> {
  // In several statements, all have one time. One message with few rows tells its own, which saves a round trip.
  const isLarge = messages.length > 1 || (messages[0]?.recipients.users?.length ?? 0) > MOST_PARTS;
  const time = at ?? (isLarge ? await timeOf(run) : undefined);
  const taken = await takeKeys(run, messages, time);
  const recorded = messages.filter(({ id }) => !taken.has(id));
  for (const some of parts(recorded, sizeOf))
    await run(
      `INSERT INTO ${tables.messages} (${columns}) VALUES ${rowsOf(row, some.length)}`,
      some.flatMap((message) => valuesOf(message, time)),
    );
  await insertParts(run, 'recipients', recipientsOf(recorded), time);
  await insertParts(run, 'related', recorded.flatMap(relatedOf), time);
  return messages.map(({ id }) => taken.get(id));
}

async function timeOf(run: Run): Promise<number> {
  const { rows } = await run<{ readonly at: number }>(`SELECT ${present} AS at`);
  return Number(rows[0]?.at);
}

const columns = `id, service, state, created_at, changed_at, send_after, expires_at, event, priority, tag, message_key,
  condition_name, channels, related, content, details, idempotency_key, is_begun, lease_token, lease_until,
  user_id`;
const time = `COALESCE(?, ? + ${now})`;
const row = `(?, ?, ?, ${now}, ${now}, ${time}, ${time}, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ? + ${now}, ?)`;

function valuesOf(message: NewMessage, at: Now): readonly unknown[] {
  const { recipients, lease } = message;
  const present = at ?? null;
  const timed = (of: Time | undefined): readonly unknown[] => [of?.at ?? null, of?.inMs ?? null, present];
  return [
    message.id,
    message.service,
    lease === undefined ? 'WAITING' : 'SENDING',
    present,
    present,
    ...timed(message.sendAfter),
    ...timed(message.expires),
    message.event,
    numberOf(message.priority),
    message.tag ?? null,
    message.key ?? null,
    message.condition ?? null,
    recipients.channels === undefined ? null : JSON.stringify(recipients.channels),
    JSON.stringify(message.relatedTo.map(({ type, id }) => ({ type, id }))),
    message.content,
    message.details,
    message.idempotency?.key ?? null,
    lease === undefined ? 0 : 1,
    lease?.token ?? null,
    lease?.ms ?? null,
    present,
    oneUser(message) ?? null,
  ];
}

function sizeOf({ content, details, recipients }: NewMessage): number {
  return content.length + details.length + (recipients.channels ?? []).reduce((sum, { length }) => sum + length + 3, 0);
}

/**
 * Takes the idempotency keys. A key that is there is no error, and whoever names it waits until its transaction has
 * ended. In the order of the keys, so that two processes that name the same ones wait for each other in one order.
 * @returns who has the key, for each message that is left out
 */
async function takeKeys(run: Run, messages: readonly NewMessage[], at: Now): Promise<ReadonlyMap<string, Recorded>> {
  const taken = new Map<string, Recorded>();
  const named = messages.flatMap(({ id, service, idempotency }) =>
    idempotency ? [{ id, service, ...idempotency }] : [],
  );
  named.sort((one, other) => compare(one.service, other.service) || compare(one.key, other.key));
  for (const some of parts(named)) {
    await run(
      takeText(some.length),
      some
        .flatMap(({ id, service, key, digest, ttlMs }) => [service, key, digest, id, ttlMs, at ?? null])
        .concat(new Array(3).fill(at ?? null)),
    );
    const owners = await run<{ service: string; name: string; message_id: string; digest: string }>(
      `SELECT service, \`key\` AS name, message_id, digest FROM ${tables.idempotency} ${byId}
      WHERE ${new Array(some.length).fill('(service = ? AND `key` = ?)').join(' OR ')} FOR UPDATE`,
      some.flatMap(({ service, key }) => [service, key]),
    );
    const byName = new Map(owners.rows.map((owner) => [JSON.stringify([owner.service, owner.name]), owner]));
    for (const { id, service, key } of some) {
      const owner = byName.get(JSON.stringify([service, key]));
      if (owner !== undefined && owner.message_id !== id) taken.set(id, { id: owner.message_id, digest: owner.digest });
    }
  }
  return taken;
}

/** The end is compared last: each assignment sees those before it. */
function takeText(count: number): string {
  const unlessEnded = (column: string): string => `${column} = IF(expires_at <= ${now}, VALUES(${column}), ${column})`;
  return `INSERT INTO ${tables.idempotency} (service, \`key\`, digest, message_id, expires_at)
    VALUES ${rowsOf(`(?, ?, ?, ?, ? + ${now})`, count)}
    ON DUPLICATE KEY UPDATE ${['digest', 'message_id', 'expires_at'].map(unlessEnded).join(', ')}`;
}

function compare(one: string, other: string): number {
  return one < other ? -1 : Number(one > other);
}

/** Most rows of one statement: they are short, and `mysql2` keeps half a kilobyte for each value of a prepared one. */
const MOST_PARTS = 128;

/** The columns of what belongs to messages, before the time of the message. */
const belonging = {
  recipients: ['message_id', 'service', 'position', 'user_id'],
  related: ['message_id', 'service', 'type', 'object_id'],
} as const;

async function insertParts(
  run: Run,
  table: keyof typeof belonging,
  rows: Iterable<readonly unknown[]>,
  at: Now,
): Promise<void> {
  // A look-up for each row takes more time than the row.
  const timed = at === undefined ? `(SELECT created_at FROM ${tables.messages} WHERE id = ?)` : '?';
  for (const some of parts(rows, (values) => String(values[3]).length, MOST_PARTS))
    await run(
      `INSERT INTO ${tables[table]} (${belonging[table].join(', ')}, created_at)
      VALUES ${rowsOf(`(?, ?, ?, ?, ${timed})`, some.length)}`,
      some.flatMap((values) => [...values, at ?? values[0]]),
    );
}

/** The user of a message for one user, which its own row names. */
function oneUser({ recipients: { users = [] } }: NewMessage): string | undefined {
  const [first] = users;
  return users.every((user) => user === first) ? first : undefined;
}

/** The rows of recipients, where there are several. Each user once: a user has read a message or has not. */
function* recipientsOf(messages: readonly NewMessage[]): Generator<readonly unknown[]> {
  for (const message of messages) {
    if (oneUser(message) !== undefined) continue;
    let position = 0;
    for (const user of new Set(message.recipients.users)) yield [message.id, message.service, position++, user];
  }
}

function relatedOf({ id, service, relatedTo }: NewMessage): readonly (readonly unknown[])[] {
  const objects = new Map(relatedTo.map((object) => [JSON.stringify([object.type, object.id]), object]));
  return [...objects.values()].map((object) => [id, service, object.type, object.id]);
}

/**
 * Without a strict mode, MySQL would cut a text that is too long, so that two names become one.
 * @throws ValidationError for a name that its column does not hold, and for two messages with one id
 */
export function checkMessages(messages: readonly NewMessage[]): void {
  const ids = new Set<string>();
  for (const message of messages) {
    const { recipients, relatedTo, idempotency, lease } = message;
    if (ids.has(message.id))
      throw new ValidationError('MySQL: two messages have one id. Make a new UUID for each message.');
    ids.add(message.id);
    checkLength('id', message.id, 36);
    for (const name of ['service', 'event', 'tag', 'key', 'condition'] as const)
      checkLength(name, message[name], lengths.name);
    checkLength('idempotencyKey', idempotency?.key, lengths.name);
    checkLength('digest', idempotency?.digest, lengths.name);
    checkLength('token', lease?.token, lengths.name);
    for (const user of recipients.users ?? []) checkLength('user', user, lengths.user);
    for (const { type, id } of relatedTo) {
      checkLength('relatedTo.type', type, lengths.type);
      checkLength('relatedTo.id', id, lengths.name);
    }
  }
}

/** @throws ValidationError for a text that its column does not hold */
export function checkLength(name: string, text: string | undefined, most: number): void {
  // A character of two code units counts once in MySQL.
  if (text === undefined || text.length <= most || [...text].length <= most) return;
  throw new ValidationError(
    `MySQL: "${name}" may have ${most} characters, not ${[...text].length}. Nothing was recorded.`,
  );
}
