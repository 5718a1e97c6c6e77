import { tables } from '../sql/names.js';
import { transitions } from '../states.js';
import type { Appended, Lease, Now, Settlement } from '../store.js';
import type { Run } from './clients.js';
import { now } from './clock.js';
import { byId, listed, parts, portions, rowsOf } from './lists.js';

/** Ends leases. @returns for each whether it was held, and the state may follow */
export async function settle(run: Run, settlements: readonly Settlement[], at: Now): Promise<readonly boolean[]> {
  const held = new Array<boolean>(settlements.length).fill(false);
  // In one order, so that two processes do not wait for each other.
  const ordered = [...settlements.entries()].sort(([, one], [, other]) => (one.id < other.id ? -1 : 1));
  for (const [place, settlement] of ordered) {
    if (!transitions.SENDING.includes(settlement.state)) continue;
    const { affected } = await run(textOf(settlement), valuesOf(settlement, at));
    held[place] = affected > 0;
  }
  return held;
}

function textOf({ state, dropsContent, sendAfter }: Settlement): string {
  const more = [
    ...(state === 'SENT' ? [`sent_at = ${now}`] : []),
    ...(dropsContent ? [`content = ''`] : []),
    ...(sendAfter === undefined ? [] : [sendAfter.at === undefined ? `send_after = ? + ${now}` : 'send_after = ?']),
  ];
  return `UPDATE ${tables.messages} SET state = ?, attempts = ?, retry_sending = ?, backend = ?, error = ?, reason = ?,
    outcomes = ?, is_begun = 0, lease_token = NULL, lease_until = NULL, changed_at = ${now}
    ${more.map((set) => `, ${set}`).join('')} WHERE id = ? AND lease_token = ? AND state = 'SENDING'`;
}

function valuesOf(settlement: Settlement, at: Now): readonly unknown[] {
  const { state, sendAfter, error, outcomes } = settlement;
  const present = at ?? null;
  return [
    state,
    settlement.attempts,
    Number(settlement.retrySending),
    settlement.backend ?? null,
    error === undefined ? null : JSON.stringify(error),
    settlement.reason ?? null,
    outcomes.length === 0 ? null : JSON.stringify(outcomes),
    present,
    ...(state === 'SENT' ? [present] : []),
    ...(sendAfter === undefined ? [] : sendAfter.at === undefined ? [sendAfter.inMs, present] : [sendAfter.at]),
    settlement.id,
    settlement.token,
  ];
}

/** Keeps what was accepted, in a transaction. The lock keeps the message from being removed in between. */
export async function append(run: Run, appended: readonly Appended[]): Promise<void> {
  const kept = new Set<string>();
  for (const some of portions([...new Set(appended.map(({ id }) => id))].sort())) {
    const { places, values } = listed(some);
    const text = `SELECT id FROM ${tables.messages} ${byId} WHERE id IN (${places}) ORDER BY id LOCK IN SHARE MODE`;
    for (const { id } of (await run<{ readonly id: string }>(text, values)).rows) kept.add(id);
  }
  const rows = appended.flatMap(({ id, outcomes }) =>
    kept.has(id) ? outcomes.map((outcome) => [id, JSON.stringify(outcome)] as const) : [],
  );
  for (const some of parts(rows, ([, outcome]) => outcome.length))
    await run(
      `INSERT INTO ${tables.outcomes} (message_id, outcome) VALUES ${rowsOf('(?, ?)', some.length)}`,
      some.flat(),
    );
}

/** Notes that messages are begun. */
export async function begin(run: Run, token: string, ids: readonly string[]): Promise<void> {
  for (const some of portions(ids)) {
    const { places, values } = listed(some);
    await run(
      `UPDATE ${tables.messages} ${byId} SET is_begun = 1 WHERE id IN (${places}) AND lease_token = ? AND is_begun = 0`,
      [...values, token],
    );
  }
}

/** Lengthens leases. @returns the ids of those that are still held */
export async function renew(run: Run, lease: Lease, ids: readonly string[], at: Now): Promise<readonly string[]> {
  const held: string[] = [];
  for (const some of portions(ids)) {
    const { places, values } = listed(some);
    const which = `id IN (${places}) AND lease_token = ?`;
    const renewing = `UPDATE ${tables.messages} ${byId} SET lease_until = ? + ${now} WHERE ${which}`;
    await run(renewing, [lease.ms, at ?? null, ...values, lease.token]);
    // Whoever lost it in between has lost it.
    const found = await run<{ readonly id: string }>(`SELECT id FROM ${tables.messages} ${byId} WHERE ${which}`, [
      ...values,
      lease.token,
    ]);
    held.push(...found.rows.map(({ id }) => id));
  }
  return held;
}
