import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import type { Result } from './benchmark.js';
import { sections } from './document.js';
import { latencyPicture } from './picture.js';
import { putInto, type Run, readRecord } from './record.js';
import { compared } from './rounds.js';
import { table } from './table.js';

const run: Run = {
  part: 'server',
  question: 'How late are events?',
  about: 'delay of an event',
  form: 'full',
  day: '2026-11-28',
  node: 'v24.0.0',
  machine: 'a machine',
};
const sends = { unit: 'µs', scale: 1e6, ours: [2e-6, 4e-6, 3e-6], peer: [8e-6, 8e-6, 8e-6], peerName: 'socket.io' };

it('a line has both figures in the unit of the table, and the median of the ratios of the rounds', () => {
  const { rounds, measured } = compared('a send', { ...sends, peer: [8e-6, 4e-6, 4e-6] });
  expect(rounds).toEqual([0.25, 1, 0.75]);
  expect(measured?.ours.map(Math.round)).toEqual([2, 4, 3]);
  const [head, line] = table([compared('a send', sends)], 'quick').split('\n');
  expect(head?.split(/ {2,}/)).toEqual(['', 'pushrail', 'peer', 'ratio', 'rounds', 'target']);
  expect(line?.split(/ {2,}/)).toEqual(['a send', '3.00 µs', 'socket.io: 8.00 µs', '0.375 ×', '0.250–0.500']);
});

it('speed is how many times faster we are', () => {
  expect(compared('a send', { ...sends, ratio: 'speed' }).rounds).toEqual([4, 2, 8 / 3]);
});

it('only the full form is judged by the targets, and the document says which ones are missed', () => {
  const results = [
    compared('slow', { ...sends, target: { atMost: 0.3 } }),
    compared('fast', { ...sends, ratio: 'speed', target: { atLeast: 2 } }),
  ];
  const document = sections({ send: { run, results } });
  expect(document).toContain('| slow | 3.00 µs | socket.io: 8.00 µs | 0.375 × | 0.250–0.500 | ≤ 0.3 **missed** |');
  expect(document).toContain('| ≥ 2 met |');
  expect(document).toContain('### How late are events?\n\nDelay of an event.\n');
  const short = sections({ send: { run: { ...run, form: 'quick' }, results } });
  expect(short).not.toMatch(/missed|met/);
  expect(short).toContain('in the short form');
});

it('a file of results keeps those of other benchmarks', () => {
  const folder = mkdtempSync(join(tmpdir(), 'pushrail-results-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'results.json');
  const results: readonly Result[] = [{ what: 'a send', rounds: [1.234567], unit: 's' }];
  putInto(file, { first: { run, results }, second: { run, results } });
  putInto(file, { first: { run: { ...run, day: '2026-11-29' }, results: [] } });
  expect(readRecord(file)).toEqual({
    first: { run: { ...run, day: '2026-11-29' }, results: [] },
    second: { run, results: [{ what: 'a send', rounds: [1.2346], unit: 's' }] },
  });
  writeFileSync(file, 'no results');
  expect(() => putInto(file, {})).toThrow(SyntaxError);
});

it('the picture has a curve for each contestant, as far as it was measured', () => {
  const late = (at: number, ours: number, peer: number): Result =>
    compared('', { unit: 'ms', ours: [ours], peer: [peer], peerName: 'socket.io', point: { curve: 'p99', at } });
  const alone: Result = { what: '', rounds: [160], unit: 'ms', point: { curve: 'p99', at: 300 } };
  const p50: Result = { what: '', rounds: [1], unit: 'ms', point: { curve: 'p50', at: 400 } };
  const svg = latencyPicture({ latency: { run, results: [late(50, 6, 14), late(150, 27, 1200), alone, p50] } });
  expect(svg).toContain('<desc>pushrail 50: 6 ms, 150: 27 ms, 300: 160 ms; socket.io 50: 14 ms, 150: 1200 ms.</desc>');
  expect(svg.match(/<circle/g)).toHaveLength(1 + 3);
  expect(() => latencyPicture({})).toThrow('latency');
});
