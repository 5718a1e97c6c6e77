import { expect, it } from 'vitest';
import type { Result } from './benchmark.js';
import { type Recorded, type Run, readRecord } from './record.js';
import { figuresOf, SIZES, sizeFor, sizesSection } from './sizes.js';

const recorded = readRecord(new URL('results.json', import.meta.url));
const run: Run = {
  part: 'relay',
  question: '',
  about: '',
  form: 'full',
  day: '2026-11-28',
  node: 'v24.0.0',
  machine: 'a machine',
};

/** The record with one line more for a benchmark, in place of those that it has. */
function withLines(name: string, ...results: readonly Result[]): Recorded {
  return { ...recorded, [name]: { run, results } };
}

it('one node carries few pages without Redis; more of them take more nodes, one of them to spare', () => {
  const figures = figuresOf(recorded);
  const [few, , more, , most] = SIZES.map((connections) => sizeFor(connections, figures));
  expect(few).toMatchObject({ nodes: 1, redis: 0, redisBytes: 0 });
  expect(more).toMatchObject({ nodes: 3, redis: 1 });
  expect(most?.nodes).toBe(10_000_000 / 50_000 + 1);
  expect(most?.nodeBytes).toBeCloseTo(figures.process + 50_000 * (figures.connection + 2 * figures.subscription), -3);
});

it('nodes that are slow are more, and a Redis that is slow is several', () => {
  const figures = figuresOf(recorded);
  const [fast, slow] = [1, 100].map((times) =>
    sizeFor(1_000_000, {
      ...figures,
      ownDelivery: figures.ownDelivery * times,
      redisEvent: figures.redisEvent * times,
    }),
  );
  expect(slow?.nodes).toBeGreaterThan(2 * (fast?.nodes ?? 0));
  expect(slow?.redis).toBeGreaterThan(2 * (fast?.redis ?? 0));
});

it('what the way through Redis costs a node counts as soon as it was measured', () => {
  const line: Result = {
    what: 'an event to one client',
    rounds: [2],
    measured: { unit: 'µs of CPU', ours: [170], peer: [85], peerName: 'without a relay' },
  };
  expect(figuresOf(withLines('relay-cost', line)).ownDelivery).toBeCloseTo(170e-6, 9);
});

it('the table says whether what Redis takes was measured, and follows it', () => {
  const { 'relay-fan-out': _fanOut, 'relay-presence': _presence, ...without } = recorded;
  expect(sizesSection(without)).toContain("Redis's CPU time is **estimated**");
  const event: Result = {
    what: 'one event a tick: Redis, for an event',
    rounds: [1],
    measured: { unit: 'µs of CPU', ours: [123], peer: [1], peerName: 'socket.io' },
  };
  const join: Result = { what: 'in turn: Redis, for a join', rounds: [45, 46, 47], unit: 'µs of CPU' };
  const measured = { ...withLines('relay-fan-out', event), ...withLines('relay-presence', join) };
  const both = { ...measured, 'relay-fan-out': { run, results: [event] } };
  expect(sizesSection(both)).toContain("Redis's CPU time is measured: 120 µs for an event, and 46 µs when a page");
});

it('a record without a figure of one node makes no table', () => {
  const { 'relay-cost': _relayCost, ...without } = recorded;
  expect(() => figuresOf({ ...without, rooms: { run, results: [] } })).toThrow(
    'no "10 000 channels" of the benchmark "rooms"',
  );
});
