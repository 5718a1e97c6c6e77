import type { DatabaseSync, SQLInputValue } from 'node:sqlite';
import { type MessageRow, numberOf, urgencies } from '../sql/rows.js';
import { statesBefore, transitions } from '../states.js';
import type { Appended, ClaimRequest, Lease, NewMessage, ReadMark, Recorded, Settlement, Time } from '../store.js';
import { Prepared } from './prepared.js';
import { insertedColumns } from './statements.js';

// Each function is the work of one call, within a transaction that somebody else begins and ends. `at` is the present.

type Row = MessageRow & { readonly place: number };

export function insert(database: DatabaseSync, message: NewMessage, at: number): Recorded | undefined {
  const prepared = Prepared.of(database);
  const { id, service, idempotency, recipients } = message;
  if (idempotency !== undefined) {
    const { key, digest, ttlMs } = idempotency;
    const taken = prepared.get('takeKey', service, key, digest, id, at + ttlMs, at) !== undefined;
    if (!taken) {
      const owner = prepared.get<{ message_id: string; digest: string }>('keyOwner', service, key);
      if (owner !== undefined) return { id: owner.message_id, digest: owner.digest };
    }
  }
  const row = newRow(message, at);
  prepared.run('insert', ...insertedColumns.map((column) => row[column] ?? null));
  // Each user once: a user has read a message or has not.
  if (recipients.users !== undefined)
    prepared.run('insertRecipients', id, service, at, JSON.stringify([...new Set(recipients.users)]));
  for (const { type, id: object } of message.relatedTo) prepared.run('insertRelated', id, service, at, type, object);
  return undefined;
}

/** Whether there is something to claim, which is asked without a lock. */
export function isAnyDue(database: DatabaseSync, { service, conditions }: ClaimRequest, at: number): boolean {
  const prepared = Prepared.of(database);
  const known = JSON.stringify(conditions);
  return (
    prepared.get('anyLost', service, at, known) !== undefined ||
    urgencies.some((priority) => prepared.get('anyDue', service, priority, at, known) !== undefined)
  );
}

export function claim(database: DatabaseSync, request: ClaimRequest, at: number): readonly MessageRow[] {
  const prepared = Prepared.of(database);
  const { service, lease, limit, ids } = request;
  const known = JSON.stringify(request.conditions);
  const until = at + lease.ms;
  if (limit < 1) return [];
  if (ids !== undefined) return claimOf(prepared, request, ids, at);
  const lost = prepared.all<Row>('claimLost', at, lease.token, until, service, at, known);
  if (lost.length > 0) return lost;
  const rows: Row[] = [];
  for (const priority of urgencies) {
    const left = limit - rows.length;
    if (left === 0) break;
    const due = prepared.all<Row>('claimDue', at, lease.token, until, service, priority, at, known, left);
    rows.push(...due.toSorted(asDue));
  }
  return rows;
}

/** Claims among some messages. */
function claimOf(
  prepared: Prepared,
  { service, lease, limit, conditions }: ClaimRequest,
  ids: readonly string[],
  at: number,
): readonly MessageRow[] {
  const until = at + lease.ms;
  const which = [service, at, JSON.stringify(conditions), JSON.stringify(ids)] as const;
  const lost = prepared.all<Row>('claimLostOf', at, lease.token, until, ...which);
  if (lost.length > 0) return lost;
  return prepared.all<Row>('claimDueOf', at, lease.token, until, ...which, limit).toSorted(asDue);
}

/** Rows come in any order. */
function asDue(one: Row, other: Row): number {
  return other.priority - one.priority || one.send_after - other.send_after || one.place - other.place;
}

export function begin(database: DatabaseSync, token: string, ids: readonly string[]): void {
  Prepared.of(database).run('begin', token, JSON.stringify(ids));
}

export function renew(database: DatabaseSync, lease: Lease, ids: readonly string[], at: number): readonly string[] {
  return idsOf(Prepared.of(database).all('renew', at + lease.ms, lease.token, JSON.stringify(ids)));
}

export function append(database: DatabaseSync, appended: readonly Appended[]): void {
  const prepared = Prepared.of(database);
  for (const { id, outcomes } of appended)
    for (const outcome of outcomes) prepared.run('append', JSON.stringify(outcome), id);
}

/** @returns whether it was held, and the state may follow */
export function settle(database: DatabaseSync, settlement: Settlement, at: number): boolean {
  const { id, token, state, sendAfter, error } = settlement;
  if (!transitions.SENDING.includes(state)) return false;
  return (
    Prepared.of(database).run(
      'settle',
      state,
      at,
      state === 'SENT' ? at : null,
      settlement.attempts,
      sendAfter === undefined ? null : timeOf(sendAfter, at),
      Number(settlement.retrySending),
      settlement.backend ?? null,
      error === undefined ? null : JSON.stringify(error),
      settlement.reason ?? null,
      JSON.stringify(settlement.outcomes),
      Number(settlement.dropsContent),
      token,
      id,
    ) > 0
  );
}

export function cancel(
  database: DatabaseSync,
  of: { readonly service: string } & ({ readonly key: string } | { readonly id: string }),
  at: number,
): readonly string[] {
  const prepared = Prepared.of(database);
  return idsOf(
    'id' in of ? prepared.all('cancelId', at, of.service, of.id) : prepared.all('cancelKey', at, of.service, of.key),
  );
}

export function retry(database: DatabaseSync, service: string, id: string, at: number): boolean {
  // Who holds a message decides alone what becomes of it.
  const states = statesBefore('WAITING').filter((state) => state !== 'SENDING');
  return Prepared.of(database).run('retry', at, at, service, id, JSON.stringify(states)) > 0;
}

export function markRead(database: DatabaseSync, mark: ReadMark, at: number): number {
  const prepared = Prepared.of(database);
  const of = [at, mark.service, mark.user] as const;
  if ('ids' in mark) return prepared.run('readIds', ...of, JSON.stringify(mark.ids));
  if ('tag' in mark) return prepared.run('readTag', ...of, mark.tag);
  return prepared.run('readRelated', ...of, mark.relatedTo.type, mark.relatedTo.id);
}

function newRow(message: NewMessage, at: number): Readonly<Record<string, SQLInputValue | undefined>> {
  const { recipients, expires, lease } = message;
  return {
    id: message.id,
    service: message.service,
    state: lease === undefined ? 'WAITING' : 'SENDING',
    created_at: at,
    changed_at: at,
    send_after: timeOf(message.sendAfter, at),
    expires_at: expires && timeOf(expires, at),
    event: message.event,
    priority: numberOf(message.priority),
    tag: message.tag,
    message_key: message.key,
    condition_name: message.condition,
    channels: recipients.channels && JSON.stringify(recipients.channels),
    related: JSON.stringify(message.relatedTo),
    content: message.content,
    details: message.details,
    idempotency_key: message.idempotency?.key,
    attempts: 0,
    is_begun: lease === undefined ? 0 : 1,
    retry_sending: 0,
    lease_token: lease?.token,
    lease_until: lease && at + lease.ms,
  };
}

function timeOf(time: Time, at: number): number {
  return time.at ?? at + time.inMs;
}

function idsOf(rows: readonly { readonly id: string }[]): readonly string[] {
  return rows.map(({ id }) => id);
}
