import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { WireEvent } from '../../../src/pusher-protocol/webhooks.js';
import { WaitingEvents } from '../../../src/server/webhooks/waiting-events.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function occupied(channel: string): WireEvent {
  return { name: 'channel_occupied', channel };
}

function count(channel: string, subscriptions: number): WireEvent {
  return { name: 'subscription_count', channel, subscription_count: subscriptions };
}

it('events are taken in their order, so many at a time', () => {
  const waiting = new WaitingEvents();
  for (const channel of ['a', 'b', 'c']) waiting.add(occupied(channel));
  expect(waiting.take(2)).toEqual([occupied('a'), occupied('b')]);
  expect(waiting.size).toBe(1);
  expect(waiting.take(2)).toEqual([occupied('c')]);
  expect(waiting.take(2)).toEqual([]);
});

describe('of the counts of a channel', () => {
  it('only the last one waits, behind what came before it', () => {
    const waiting = new WaitingEvents();
    for (const event of [count('a', 1), occupied('b'), count('b', 1), count('a', 2)]) waiting.add(event);
    expect(waiting.take(10)).toEqual([occupied('b'), count('b', 1), count('a', 2)]);
  });

  it('those that were taken stay as they are', () => {
    const waiting = new WaitingEvents();
    waiting.add(count('a', 1));
    const taken = waiting.take(1);
    waiting.add(count('a', 2));
    expect([taken, waiting.take(1)]).toEqual([[count('a', 1)], [count('a', 2)]]);
  });
});

it('of more than 10 000 the oldest go, and the caller is told', () => {
  const waiting = new WaitingEvents();
  const dropped = Array.from({ length: 10_002 }, (_, index) => waiting.add(occupied(String(index))));
  expect([dropped.slice(9_999), waiting.size]).toEqual([[0, 1, 1], 10_000]);
  expect(waiting.take(1)).toEqual([occupied('2')]);
});

describe('of events with much data', () => {
  const said = (event: string, length: number): WireEvent => ({
    name: 'client_event',
    channel: 'private-a',
    event,
    data: 'x'.repeat(length),
  });
  const namesOf = (events: readonly WireEvent[]): readonly unknown[] => events.map(({ event }) => event);

  it('fewer go together, and one alone whatever its size', () => {
    const waiting = new WaitingEvents();
    for (const event of [said('a', 65_536), said('b', 1), said('c', 65_535), said('d', 1), said('e', 100_000)])
      waiting.add(event);
    const taken = Array.from({ length: 4 }, () => namesOf(waiting.take(20)));
    expect(taken).toEqual([['a'], ['b', 'c'], ['d'], ['e']]);
  });

  it('the oldest go when all of them together are too much', () => {
    const waiting = new WaitingEvents();
    const dropped = ['a', 'b', 'c', 'd'].map((name) => waiting.add(said(name, 6_000_000)));
    expect([dropped, namesOf([...waiting.take(1), ...waiting.take(1)])]).toEqual([
      [0, 0, 1, 1],
      ['c', 'd'],
    ]);
    expect(waiting.add(said('e', 17_000_000))).toBe(0);
    expect(waiting.add(said('f', 1))).toBe(1);
    expect(namesOf(waiting.take(1))).toEqual(['f']);
  });
});

it('those that have waited for too long go, and no others', () => {
  const waiting = new WaitingEvents();
  waiting.add(occupied('a'));
  waiting.add(occupied('b'));
  vi.advanceTimersByTime(10);
  waiting.add(occupied('c'));
  expect(waiting.dropOlderThan(10)).toBe(0);
  vi.advanceTimersByTime(1);
  expect(waiting.dropOlderThan(10)).toBe(2);
  expect(waiting.take(10)).toEqual([occupied('c')]);
  expect(waiting.dropOlderThan(0)).toBe(0);
});

it('all that wait can go at once', () => {
  const waiting = new WaitingEvents();
  waiting.add(occupied('a'));
  expect([waiting.clear(), waiting.clear(), waiting.size]).toEqual([1, 0, 0]);
});
