import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import type { MessageStore, StoredMessage } from 'pushrail';
import { expect } from 'vitest';
import type { Sent } from './processes/http-backend.js';
import type { Mark } from './processes/marks.js';

/** All that is known after a run. */
interface Account {
  readonly records: readonly StoredMessage[];
  readonly marks: readonly Mark[];
  readonly arrivals: readonly Sent[];
  /** The processes that were killed. */
  readonly killed: ReadonlySet<number>;
}

export function readMarks(file: string): readonly Mark[] {
  const lines = readFileSync(file, 'utf8').split('\n').filter(Boolean);
  return lines.map((line) => JSON.parse(line) as Mark);
}

/** Waits until nothing is under way or planned any more. @returns all messages of the service */
export async function whenAllEnded(store: MessageStore): Promise<readonly StoredMessage[]> {
  const open = { service: 'default', states: ['WAITING', 'SENDING', 'ERROR_RETRY'] } as const;
  while ((await store.count(open)) > 0) await pause(100);
  return allIn(store);
}

/** All messages of the service. */
async function allIn(store: MessageStore): Promise<readonly StoredMessage[]> {
  const records: StoredMessage[] = [];
  let cursor: string | undefined;
  do {
    const page = await store.find({ service: 'default' }, { limit: 1_000, cursor });
    records.push(...page.messages);
    cursor = page.cursor;
  } while (cursor !== undefined);
  return records;
}

/**
 * Checks that nothing was lost, and that what arrived twice was in flight in a process when it was killed.
 * @returns how many times a message arrived more than once on a channel
 */
export function settleAccount({ records, marks, arrivals, killed }: Account): number {
  const byId = new Map(records.map((record) => [record.id, record]));
  const of = (what: Mark['what']): readonly Mark[] => marks.filter((mark) => mark.what === what);
  expect(of('refused'), 'a call failed').toEqual([]);
  expect(new Set(records.map(({ key }) => key)).size, 'a call was recorded twice').toBe(records.length);
  expect(
    of('recorded').filter(({ id }) => !byId.has(id ?? '')),
    'what was recorded is gone',
  ).toEqual([]);
  const endedBadly = records.filter(
    ({ state, error }) => (state !== 'SENT' || error !== undefined) && !/ended \d+ times/.test(error?.message ?? ''),
  );
  expect(endedBadly, 'neither sent, nor is it known why not').toEqual([]);
  const arrived = new Map<string, Sent[]>();
  for (const sent of arrivals) {
    const place = `${sent.id} ${sent.channel}`;
    arrived.set(place, [...(arrived.get(place) ?? []), sent]);
  }
  expect(
    records.filter(
      ({ id, state, error, recipients: { channels = [] } }) =>
        state === 'SENT' && error === undefined && !channels.every((channel) => arrived.has(`${id} ${channel}`)),
    ),
    'SENT, and it never arrived',
  ).toEqual([]);
  expect(
    arrivals.filter(({ id }) => !byId.has(id)),
    'sent before it was recorded',
  ).toEqual([]);
  const ended = new Set(of('end').map(({ id, pid }) => `${id} ${pid}`));
  const repeated = [...arrived.values()].filter(({ length }) => length > 1);
  // All but the last one to send it were killed before they knew that it had arrived.
  const withoutReason = repeated.filter((all) =>
    all.slice(0, -1).some(({ id, pid }) => !killed.has(pid) || ended.has(`${id} ${pid}`)),
  );
  expect(withoutReason, 'came twice, and was not in flight at a kill').toEqual([]);
  return repeated.length;
}
