import { tables } from '../sql/names.js';
import { type DueRow, dueMessage, type MessageRow, urgencies } from '../sql/rows.js';
import type { ClaimRequest, DueMessage, DueRequest, Now } from '../store.js';
import type { Run } from './clients.js';
import { now } from './clock.js';
import type { Database } from './database.js';
import { byId, listed } from './lists.js';

// Rows that another worker has just locked are skipped, and a claim commits at once: nobody waits for anybody, and no
// transaction is open while a message is sent. Nothing remembers how far it has read, so that a message whose
// transaction commits late is found all the same.

/** Messages that were claimed, as they are now, and the present by which they were. */
export interface Claim {
  readonly rows: readonly MessageRow[];
  readonly at: number;
}

/** What a claim finds to do. */
interface Probe {
  readonly at: number;
  readonly expired: unknown;
  readonly [due: `due_${number}`]: unknown;
}

/**
 * Claims messages. One statement without a lock tells where there are some: a worker at rest does nothing else.
 * @param columns those of a {@link MessageRow}, of the table under the name `m`
 */
export async function claim(database: Database, run: Run, request: ClaimRequest, columns: string): Promise<Claim> {
  const { service, limit, ids } = request;
  const known = knownOf(request.conditions);
  if (ids !== undefined) return claimOf(database, run, { ...request, ids }, columns);
  const { text, values } = probe(service, known, request.now ?? null);
  const [found] = (await run<Probe>(text, values)).rows;
  const at = Number(found?.at);
  const isAny = (name: 'expired' | `due_${number}`): boolean => Number(found?.[name]) === 1;
  if (limit < 1 || (!isAny('expired') && !urgencies.some((priority) => isAny(`due_${priority}`))))
    return { rows: [], at };
  return database.begin(run, async () => {
    if (isAny('expired')) {
      const rows = await takeExpired(run, request, known, at, columns);
      if (rows.length > 0) return { rows, at };
    }
    const rows: MessageRow[] = [];
    for (const priority of urgencies) {
      if (rows.length >= limit || !isAny(`due_${priority}`)) continue;
      const due = await run<MessageRow>(
        `SELECT ${columns} FROM ${tables.messages} m FORCE INDEX (pushrail_messages_due)
        WHERE ${dueOf(priority, known)} ORDER BY due_at, id LIMIT ${Math.floor(limit) - rows.length} ${skipping}`,
        [service, at, ...known.values],
      );
      rows.push(...due.rows);
    }
    return { rows: await takeDue(run, request, at, rows), at };
  });
}

/** Claims among some messages, which are looked up by their ids. */
async function claimOf(
  database: Database,
  run: Run,
  request: ClaimRequest & { readonly ids: readonly string[] },
  columns: string,
): Promise<Claim> {
  const { service, limit, ids } = request;
  const known = knownOf(request.conditions);
  const { places, values } = listed(ids);
  return database.begin(run, async () => {
    const { rows: clock } = await run<{ readonly at: unknown }>(`SELECT ${now} AS at`, [request.now ?? null]);
    const at = Number(clock[0]?.at);
    if (limit < 1 || ids.length === 0) return { rows: [], at };
    const find = (term: string, order: string, most: number): Promise<{ readonly rows: readonly MessageRow[] }> =>
      run<MessageRow>(
        `SELECT ${columns} FROM ${tables.messages} m ${byId}
        WHERE id IN (${places}) AND service = ? AND ${known.term} AND ${term} <= ?
        ORDER BY ${order} LIMIT ${most} ${skipping}`,
        [...values, service, ...known.values, at],
      );
    const lost = await find(`state = 'SENDING' AND lease_until`, 'lease_until', 1);
    if (lost.rows.length > 0) return { rows: await takeLost(run, request, at, lost.rows), at };
    const due = await find('due_at', 'priority DESC, due_at, id', Math.floor(limit));
    return { rows: await takeDue(run, request, at, due.rows), at };
  });
}

/** Finds what somebody should have taken. It reads without a lock. */
export async function due(run: Run, request: DueRequest): Promise<readonly DueMessage[]> {
  const { service, conditions, graceMs } = request;
  const known = knownOf(conditions);
  const limit = Math.floor(request.limit);
  const until = `${now} - ?`;
  const found: DueRow[] = [];
  const find = async (index: string, which: string, order: string): Promise<void> => {
    if (found.length >= limit) return;
    const { rows } = await run<DueRow>(
      `SELECT id, state, priority, attempts, deaths FROM ${tables.messages} FORCE INDEX (pushrail_messages_${index})
      WHERE ${which} ORDER BY ${order} LIMIT ${limit - found.length}`,
      [service, request.now ?? null, graceMs, ...known.values],
    );
    found.push(...rows);
  };
  await find('leases', expiredOf(known, until), 'lease_until');
  for (const priority of urgencies) await find('due', dueOf(priority, known, until), 'due_at, id');
  return found.map(dueMessage);
}

const skipping = 'FOR UPDATE SKIP LOCKED';

function probe(service: string, known: Known, at: number | null): { text: string; values: readonly unknown[] } {
  const terms = [expiredOf(known), ...urgencies.map((priority) => dueOf(priority, known, now))];
  const names = ['expired', ...urgencies.map((priority) => `due_${priority}`)];
  const indexes = ['leases', ...urgencies.map(() => 'due')];
  const found = terms.map(
    (term, place) => `EXISTS (SELECT 1 FROM ${tables.messages} FORCE INDEX (pushrail_messages_${indexes[place]})
      WHERE ${term}) AS ${names[place]}`,
  );
  return {
    text: `SELECT ${now} AS at, ${found.join(', ')}`,
    values: [at, ...terms.flatMap(() => [service, at, ...known.values])],
  };
}

/** The conditions that a worker knows, as a term. */
interface Known {
  readonly term: string;
  readonly values: readonly string[];
}

function knownOf(conditions: readonly string[]): Known {
  const { places, values } = listed(conditions);
  const term =
    values.length === 0 ? 'condition_name IS NULL' : `(condition_name IS NULL OR condition_name IN (${places}))`;
  return { term, values };
}

/** Values: the service, the present, the conditions. */
function expiredOf({ term }: Known, at = now): string {
  return `service = ? AND lease_until <= ${at} AND state = 'SENDING' AND ${term}`;
}

/** Each priority is a range of the index by itself. Values: the service, the present, the conditions. */
function dueOf(priority: number, { term }: Known, at = '?'): string {
  return `service = ? AND priority = ${priority} AND due_at <= ${at} AND ${term}`;
}

async function takeExpired(
  run: Run,
  { service, lease }: ClaimRequest,
  known: Known,
  at: number,
  columns: string,
): Promise<readonly MessageRow[]> {
  const { rows } = await run<MessageRow>(
    `SELECT ${columns} FROM ${tables.messages} m FORCE INDEX (pushrail_messages_leases)
    WHERE ${expiredOf(known, '?')} ORDER BY lease_until LIMIT 1 ${skipping}`,
    [service, at, ...known.values],
  );
  return takeLost(run, { lease }, at, rows);
}

/** Takes a message whose lease ran out, if one was found. */
async function takeLost(
  run: Run,
  { lease }: Pick<ClaimRequest, 'lease'>,
  at: number,
  [row]: readonly MessageRow[],
): Promise<readonly MessageRow[]> {
  if (row === undefined) return [];
  await run(
    `UPDATE ${tables.messages} SET changed_at = ?, lease_token = ?, lease_until = ?, deaths = deaths + is_begun,
      is_begun = 0 WHERE id = ?`,
    [at, lease.token, at + lease.ms, row.id],
  );
  const deaths = Number(row.deaths) + Number(Boolean(Number(row.is_begun)));
  return [{ ...row, changed_at: at, deaths, is_begun: 0 }];
}

async function takeDue(
  run: Run,
  { lease }: ClaimRequest,
  at: number,
  rows: readonly MessageRow[],
): Promise<readonly MessageRow[]> {
  if (rows.length === 0) return [];
  const { places, values } = listed(rows.map(({ id }) => id));
  await run(
    `UPDATE ${tables.messages} ${byId} SET state = 'SENDING', changed_at = ?, lease_token = ?, lease_until = ?, is_begun = 1
    WHERE id IN (${places})`,
    [at, lease.token, at + lease.ms, ...values],
  );
  return rows.map((row) => ({ ...row, state: 'SENDING', changed_at: at, is_begun: 1 }));
}

/** Counts what is due and waits for a condition that is not among the known ones. */
export function unclaimed(
  service: string,
  conditions: readonly string[],
  at: Now,
): { readonly text: string; readonly values: readonly unknown[] } {
  const { places, values } = listed(conditions);
  return {
    text: `SELECT condition_name AS name, COUNT(*) AS count
      FROM ${tables.messages} FORCE INDEX (pushrail_messages_asked) WHERE service = ? AND asked_at <= ${now}
      ${values.length === 0 ? '' : `AND condition_name NOT IN (${places})`} GROUP BY condition_name`,
    values: [service, at ?? null, ...values],
  };
}
