import { tables } from '../sql/names.js';
import { transitions } from '../states.js';
import type { Appended, Lease, Now, Settlement } from '../store.js';
import type { Run } from './clients.js';
import { now } from './clock.js';
import { byId, listed, parts, portions, rowsOf } from './lists.js';

/** Most characters of outcomes that share a statement with others. */
const SHORT = 4_000;

/** Ends one lease. @returns whether it was held, and the state may follow */
export async function settleOne(run: Run, settlement: Settlement, at: Now): Promise<boolean> {
  if (!transitions.SENDING.includes(settlement.state)) return false;
  const { id, token } = settlement;
  const { sets, values } = changesOf(settlement, at);
  const { affected } = await run(
    `UPDATE ${tables.messages} SET ${sets}, outcomes = ? WHERE id = ? AND lease_token = ? AND state = 'SENDING'`,
    [...values, outcomesOf(settlement), id, token],
  );
  return affected > 0;
}

/**
 * Ends leases, in a transaction. Settlements that differ in their outcomes alone share a statement.
 * @returns for each whether it was held, and the state may follow
 */
export async function settle(run: Run, settlements: readonly Settlement[], at: Now): Promise<readonly boolean[]> {
  const held = await heldOf(run, settlements);
  for (const group of groupsOf([...held])) {
    for (const some of parts(group)) {
      const [first] = some;
      if (first === undefined) continue;
      const { sets, values } = changesOf(first, at);
      const cases = some.flatMap((settlement) => [settlement.id, outcomesOf(settlement)]);
      const each = `CASE id ${rowsOf('WHEN ? THEN ?', some.length).replaceAll(',', '')} END`;
      const which = `id IN (${rowsOf('?', some.length)})`;
      await run(`UPDATE ${tables.messages} ${byId} SET ${sets}, outcomes = ${each} WHERE ${which}`, [
        ...values,
        ...cases,
        ...some.map(({ id }) => id),
      ]);
    }
  }
  return settlements.map((settlement) => held.has(settlement));
}

/** Locks the messages. @returns the settlements that come from who holds them, the first one for each message */
async function heldOf(run: Run, settlements: readonly Settlement[]): Promise<ReadonlySet<Settlement>> {
  const legal = settlements.filter(({ state }) => transitions.SENDING.includes(state));
  const tokens = new Map<string, string>();
  // In one order, so that two processes do not wait for each other.
  for (const some of portions([...new Set(legal.map(({ id }) => id))].sort())) {
    const { places, values } = listed(some);
    const { rows } = await run<{ readonly id: string; readonly token: string }>(
      `SELECT id, lease_token AS token FROM ${tables.messages} ${byId}
      WHERE id IN (${places}) AND state = 'SENDING' ORDER BY id FOR UPDATE`,
      values,
    );
    for (const { id, token } of rows) tokens.set(id, token);
  }
  const held = new Set<Settlement>();
  for (const settlement of legal) {
    if (tokens.get(settlement.id) !== settlement.token) continue;
    tokens.delete(settlement.id);
    held.add(settlement);
  }
  return held;
}

function groupsOf(settlements: readonly Settlement[]): Iterable<readonly Settlement[]> {
  const groups = new Map<string, Settlement[]>();
  for (const settlement of settlements) {
    const { id, token, outcomes, ...shared } = settlement;
    const isShort = (outcomesOf(settlement)?.length ?? 0) <= SHORT;
    const name = JSON.stringify(isShort ? shared : id);
    groups.set(name, [...(groups.get(name) ?? []), settlement]);
  }
  return groups.values();
}

function outcomesOf({ outcomes }: Settlement): string | null {
  return outcomes.length === 0 ? null : JSON.stringify(outcomes);
}

/** What a settlement sets, but for the outcomes. */
function changesOf(
  { state, sendAfter, error, ...rest }: Settlement,
  at: Now,
): { readonly sets: string; readonly values: readonly unknown[] } {
  const present = at ?? null;
  const sets = [
    'state = ?, attempts = ?, retry_sending = ?, backend = ?, error = ?, reason = ?',
    `is_begun = 0, lease_token = NULL, lease_until = NULL, changed_at = ${now}`,
  ];
  const values: unknown[] = [
    ...[state, rest.attempts, Number(rest.retrySending), rest.backend ?? null],
    ...[error === undefined ? null : JSON.stringify(error), rest.reason ?? null, present],
  ];
  if (state === 'SENT') {
    sets.push(`sent_at = ${now}`);
    values.push(present);
  }
  if (rest.dropsContent) sets.push(`content = ''`);
  if (sendAfter !== undefined) {
    sets.push(sendAfter.at === undefined ? `send_after = ? + ${now}` : 'send_after = ?');
    values.push(...(sendAfter.at === undefined ? [sendAfter.inMs, present] : [sendAfter.at]));
  }
  return { sets: sets.join(', '), values };
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
