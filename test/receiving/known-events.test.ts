import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { KnownEvents } from '../../src/receiving/webhook-intake.js';
import { KNOWN_FOR_MS, LARGEST_MAX_AGE_MS } from '../../src/webhooks/verify.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function handle(events: KnownEvents, id: string): void {
  events.handled(id, events.of(id));
}

function isKnown(events: KnownEvents, id: string): boolean {
  return events.of(id).handling !== undefined;
}

it('an event is known for as long as a webhook can be valid: the largest age limit before and after its time', () => {
  const events = new KnownEvents();
  handle(events, 'a');
  vi.advanceTimersByTime(2 * LARGEST_MAX_AGE_MS - 1);
  expect(isKnown(events, 'a')).toBe(true);
  vi.advanceTimersByTime(1);
  expect(isKnown(events, 'a')).toBe(false);
});

it('the time begins anew when an event has been handled', () => {
  const events = new KnownEvents();
  const event = events.of('a');
  vi.advanceTimersByTime(KNOWN_FOR_MS - 1);
  events.handled('a', event);
  vi.advanceTimersByTime(KNOWN_FOR_MS - 1);
  expect(isKnown(events, 'a')).toBe(true);
});

it('of more than 100 000 events the oldest are forgotten, but none that is being handled', () => {
  const events = new KnownEvents();
  events.of('under way').handling = new Promise(() => {});
  for (let index = 0; index < 100_001; index++) handle(events, String(index));
  expect(events.size).toBe(100_000);
  expect(isKnown(events, 'under way')).toBe(true);
  expect(isKnown(events, '2')).toBe(true);
  expect(isKnown(events, '1')).toBe(false);
});

it('what has expired takes no memory once another event comes', () => {
  const events = new KnownEvents();
  for (let index = 0; index < 1000; index++) handle(events, String(index));
  vi.advanceTimersByTime(KNOWN_FOR_MS);
  handle(events, 'next');
  expect(events.size).toBe(1);
});
