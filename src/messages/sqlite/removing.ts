import type { DatabaseSync } from 'node:sqlite';
import type { ChannelOutcome } from '../record.js';
import { outcomesWithout } from '../sql/rows.js';
import type { MessageState } from '../states.js';
import type { PurgeRequest } from '../store.js';
import { Prepared } from './prepared.js';

/** Removes old messages, and keys that have ended. @returns how many messages */
export function purge(database: DatabaseSync, { service, ages, limit }: PurgeRequest, at: number): number {
  const prepared = Prepared.of(database);
  const ids: string[] = [];
  for (const [state, age] of Object.entries(ages) as [MessageState, number | undefined][]) {
    if (age === undefined || ids.length >= limit) continue;
    const old = prepared.all<{ id: string }>('old', service, state, at - age, limit - ids.length);
    ids.push(...old.map(({ id }) => id));
  }
  remove(prepared, ids);
  prepared.run('removeKeys', service, at, limit);
  return ids.length;
}

/** Removes a user. @returns how many messages were for the user */
export function erase(database: DatabaseSync, service: string, user: string): number {
  const prepared = Prepared.of(database);
  const found = prepared.all<{ message_id: string; is_shared: number }>('messagesOf', service, user);
  const idsWhere = (isShared: boolean): readonly string[] =>
    found.filter(({ is_shared }) => Boolean(is_shared) === isShared).map(({ message_id }) => message_id);
  remove(prepared, idsWhere(false));
  prepared.run('removeUser', service, user);
  forget(prepared, idsWhere(true), user);
  return found.length;
}

function remove(prepared: Prepared, ids: readonly string[]): void {
  if (ids.length === 0) return;
  const list = JSON.stringify(ids);
  prepared.run('removeMessages', list);
  prepared.run('removeRecipients', list);
  prepared.run('removeRelated', list);
  prepared.run('removeOutcomes', list);
}

/** Takes a user out of the outcomes of messages. */
function forget(prepared: Prepared, ids: readonly string[], user: string): void {
  const list = JSON.stringify(ids);
  const rows = prepared.all<{ message_id: string; number: number | null; value: string }>('outcomesOf', list, list);
  for (const { message_id, number, value } of rows) {
    const before = [JSON.parse(value) as ChannelOutcome | readonly ChannelOutcome[]].flat();
    const after = outcomesWithout(before, user);
    if (number === null) prepared.run('setOutcomes', JSON.stringify(after), message_id);
    else if (after[0] === undefined) prepared.run('removeAppended', message_id, number);
    else prepared.run('setAppended', JSON.stringify(after[0]), message_id, number);
  }
}
