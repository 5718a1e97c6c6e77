import { tables } from '../sql/names.js';
import { jsonWithout } from '../sql/rows.js';
import type { MessageState } from '../states.js';
import type { Now, PurgeRequest } from '../store.js';
import type { Run } from './clients.js';
import { now } from './clock.js';
import type { Database } from './database.js';
import { byId, listed, portions } from './lists.js';

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
  while ((await forgetKeys(database, service, at)) === PORTION);
  return removed;
}

/** Removes idempotency keys that have ended. @returns how many */
function forgetKeys(database: Database, service: string, at: Now): Promise<number> {
  return database.transaction(async (run) => {
    // A transaction of the application's may have one locked for long.
    const { rows } = await run<{ readonly name: string }>(
      `SELECT \`key\` AS name FROM ${tables.idempotency} FORCE INDEX (pushrail_idempotency_expires)
      WHERE service = ? AND expires_at <= ${now} LIMIT ${PORTION} FOR UPDATE SKIP LOCKED`,
      [service, at ?? null],
    );
    if (rows.length > 0) {
      const { places, values } = listed(rows.map(({ name }) => name));
      const text = `DELETE t FROM ${tables.idempotency} t ${byId} WHERE t.service = ? AND t.\`key\` IN (${places})`;
      await run(text, [service, ...values]);
    }
    return rows.length;
  });
}

/** Removes messages and what belongs to them. */
async function remove(run: Run, ids: readonly string[]): Promise<void> {
  for (const some of portions(ids.toSorted())) {
    const { places, values } = listed(some);
    const outcomes = 'FORCE INDEX (pushrail_outcomes_message)';
    for (const [table, index] of [
      [tables.recipients, byId],
      [tables.related, byId],
      [tables.outcomes, outcomes],
    ] as const)
      await run(`DELETE t FROM ${table} t ${index} WHERE t.message_id IN (${places})`, values);
    await run(`DELETE t FROM ${tables.messages} t ${byId} WHERE t.id IN (${places})`, values);
  }
}

/** Removes a user. @returns how many messages were for the user */
export function erase(database: Database, service: string, user: string): Promise<number> {
  return database.transaction(async (run) => {
    const { rows } = await run<WithId>(
      `SELECT message_id AS id FROM ${tables.recipients} WHERE service = ? AND user_id = ?
      UNION ALL SELECT id FROM ${tables.messages} WHERE service = ? AND user_id = ?`,
      [service, user, service, user],
    );
    const ids = rows.map(({ id }) => id).sort();
    for (const some of portions(ids)) {
      await forget(run, some, user);
      const { places, values } = listed(some);
      await run(
        `DELETE t FROM ${tables.recipients} t ${byId} WHERE t.message_id IN (${places}) AND t.service = ? AND t.user_id = ?`,
        [...values, service, user],
      );
      const shared = await run<WithId>(
        `SELECT DISTINCT message_id AS id FROM ${tables.recipients} ${byId} WHERE message_id IN (${places})`,
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
    `SELECT id, outcomes FROM ${tables.messages} ${byId} WHERE id IN (${places}) ORDER BY id FOR UPDATE`,
    values,
  );
  for (const { id, outcomes } of settled.rows) {
    const left = outcomes === null ? undefined : jsonWithout(outcomes, user);
    if (left !== undefined) await run(`UPDATE ${tables.messages} SET outcomes = ? WHERE id = ?`, [left, id]);
  }
  const appended = await run<{ readonly number: unknown; readonly outcome: string }>(
    `SELECT number, outcome FROM ${tables.outcomes} WHERE message_id IN (${places})`,
    values,
  );
  for (const { number, outcome } of appended.rows) {
    const left = jsonWithout(`[${outcome}]`, user);
    if (left === '[]') await run(`DELETE FROM ${tables.outcomes} WHERE number = ?`, [number]);
    else if (left !== undefined)
      await run(`UPDATE ${tables.outcomes} SET outcome = ? WHERE number = ?`, [left.slice(1, -1), number]);
  }
}
