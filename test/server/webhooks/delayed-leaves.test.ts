import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { WireEvent } from '../../../src/pusher-protocol/webhooks.js';
import { DelayedLeaves } from '../../../src/server/webhooks/delayed-leaves.js';

const room = 'presence-room';
const vacated = (channel: string): WireEvent => ({ name: 'channel_vacated', channel });
const removed = (userId: string): WireEvent => ({ name: 'member_removed', channel: room, user_id: userId });

let told: WireEvent[];
let leaves: DelayedLeaves;

beforeEach(() => {
  vi.useFakeTimers();
  told = [];
  leaves = new DelayedLeaves(3000, (event) => told.push(event));
});
afterEach(() => {
  vi.useRealTimers();
});

it('each is told when its time has come, in their order, with one timer', () => {
  leaves.add(removed('ann'));
  vi.advanceTimersByTime(1000);
  leaves.add(removed('ben'));
  leaves.add(vacated(room));
  expect(vi.getTimerCount()).toBe(1);
  vi.advanceTimersByTime(1999);
  expect(told).toEqual([]);
  vi.advanceTimersByTime(1);
  expect(told).toEqual([removed('ann')]);
  vi.advanceTimersByTime(1000);
  expect(told).toEqual([removed('ann'), removed('ben'), vacated(room)]);
  expect(vi.getTimerCount()).toBe(0);
});

it('who is back in time is not told of, and the others are', () => {
  for (const event of [removed('ann'), removed('ben'), vacated(room), vacated('orders')]) leaves.add(event);
  expect([leaves.cancel(room, 'ann'), leaves.cancel(room), leaves.cancel('never')]).toEqual([true, true, false]);
  expect(leaves.cancel(room, 'ann')).toBe(false);
  vi.advanceTimersByTime(3000);
  expect(told).toEqual([removed('ben'), vacated('orders')]);
  expect(leaves.cancel(room, 'ben')).toBe(false);
});

it('what waits is told at once when it is asked for: of one channel, or all', () => {
  for (const event of [vacated('orders'), removed('ann'), vacated(room)]) leaves.add(event);
  leaves.flush(room);
  expect(told).toEqual([removed('ann'), vacated(room)]);
  leaves.flush();
  expect(told.length).toBe(3);
  vi.advanceTimersByTime(10_000);
  expect(told.length).toBe(3);
});

it('without a delay nothing waits', () => {
  new DelayedLeaves(0, (event) => told.push(event)).add(vacated('a'));
  expect([told, vi.getTimerCount()]).toEqual([[vacated('a')], 0]);
});
