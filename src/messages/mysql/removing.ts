import type { ChannelOutcome } from '../record.js';
import { tables } from '../sql/names.js';
import { outcomesWithout } from '../sql/rows.js';
import type { MessageState } from '../states.js';
import type { PurgeRequest } from '../store.js';
import type { Run } from './clients.js';
import { now } from './clock.js';
import type { Database } from './database.js';
import { listed, portions } from './lists.js';

/** Most messages and keys that are removed in one transaction. */
const PORTION = 200;
/** Longest time for the removal of a user, in milliseconds. */
const ERASE_MS = 60_000;

interface WithId {
  readonly id: string;
}

/** Removes old messages, and keys that have ended, each portion in a transaction. @returns how many messages */
export async function purge(database: Database, { service, ages, limit, now: at }: PurgeRequest): Promise<number> {
  let removed = 0;
  for (const [state, age] of Object.entries(ages) as [MessageState, number | undefined][]) {
    if (age === undefined) continue;
    for (let isMore = true; isMore && removed < limit; ) {
      const most = Math.min(limit - removed, PORTION);
      const some = await database.transaction(async (run) => {
        const { rows } = await run<WithId>(
          `SELECT id FROM ${tables.messages} FORCE INDEX (pushrail_messages_changed)
          WHERE service = ? AND state = ? AND changed_at <= ${now} - ? ORDER BY changed_at LIMIT ${most}
          FOR UPDATE SKIP LOCKED`,
          [service, state, at ?? null, age],
        );
        const ids = rows.map(({ id }) => id);
        await remove(run, ids);
        return ids.length;
      });
      removed += some;
      isMore = some === most;
    }
  }
  for (let isMore = true; isMore; ) {
    const text = `DELETE FROM ${tables.idempotency} WHERE service = ? AND expires_at <= ${now}
      ORDER BY expires_at LIMIT ${PORTION}`;
    isMore = (await database.run(text, [service, at ?? null])).affected === PORTION;
  }
  return removed;
}

/** Removes messages and what belongs to them. */
async function remove(run: Run, ids: readonly string[]): Promise<void> {
  for (const some of portions(ids.toSorted())) {
    const { places, values } = listed(some);
    for (const table of [tables.recipients, tables.related, tables.outcomes])
      await run(`DELETE FROM ${table} WHERE message_id IN (${places})`, values);
    await run(`DELETE FROM ${tables.messages} WHERE id IN (${places})`, values);
  }
}

/** Removes a user. @returns how many messages were for the user */
export function erase(database: Database, service: string, user: string): Promise<number> {
  return database.transaction(async (run) => {
    const { rows } = await run<WithId>(
      `SELECT message_id AS id FROM ${tables.recipients} WHERE service = ? AND user_id = ?`,
      [service, user],
    );
    const ids = rows.map(({ id }) => id).sort();
    for (const some of portions(ids)) {
      await forget(run, some, user);
      const { places, values } = listed(some);
      await run(`DELETE FROM ${tables.recipients} WHERE message_id IN (${places}) AND service = ? AND user_id = ?`, [
        ...values,
        service,
        user,
      ]);
      const shared = await run<WithId>(
        `SELECT DISTINCT message_id AS id FROM ${tables.recipients} WHERE message_id IN (${places})`,
        values,
      );
      const others = new Set(shared.rows.map(({ id }) => id));
      await remove(
        run,
        some.filter((id) => !others.has(id)),
      );
    }
    return ids.length;
  }, ERASE_MS);
}

/** Takes a user out of the outcomes of messages. They are locked: whoever settles or appends comes before or after. */
async function forget(run: Run, ids: readonly string[], user: string): Promise<void> {
  const { places, values } = listed(ids);
  const settled = await run<{ readonly id: string; readonly outcomes: string | null }>(
    `SELECT id, outcomes FROM ${tables.messages} WHERE id IN (${places}) ORDER BY id FOR UPDATE`,
    values,
  );
  for (const { id, outcomes } of settled.rows) {
    const left = outcomes === null ? undefined : without(outcomes, user);
    if (left !== undefined) await run(`UPDATE ${tables.messages} SET outcomes = ? WHERE id = ?`, [left, id]);
  }
  const appended = await run<{ readonly number: unknown; readonly outcome: string }>(
    `SELECT number, outcome FROM ${tables.outcomes} WHERE message_id IN (${places})`,
    values,
  );
  for (const { number, outcome } of appended.rows) {
    const left = without(`[${outcome}]`, user);
    if (left === '[]') await run(`DELETE FROM ${tables.outcomes} WHERE number = ?`, [number]);
    else if (left !== undefined)
      await run(`UPDATE ${tables.outcomes} SET outcome = ? WHERE number = ?`, [left.slice(1, -1), number]);
  }
}

/** JSON of outcomes without a user; undefined when the user is not in it. */
function without(json: string, user: string): string | undefined {
  const outcomes = JSON.parse(json) as readonly ChannelOutcome[];
  const isThere = outcomes.some(({ users }) => users?.includes(user) === true);
  return isThere ? JSON.stringify(outcomesWithout(outcomes, user)) : undefined;
}
