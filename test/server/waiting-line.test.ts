import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { WaitingLine } from '../../src/server/waiting-line.js';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
});
afterEach(() => {
  vi.useRealTimers();
});

function lineOf(waitMs: number): { line: WaitingLine<string>; taken: string[] } {
  const taken: string[] = [];
  return { line: new WaitingLine(waitMs, (item) => taken.push(item)), taken };
}

it('things are taken in the order in which they came, each when it has waited its time', () => {
  const { line, taken } = lineOf(1000);
  line.add('a');
  vi.advanceTimersByTime(400);
  line.add('b');
  line.add('a');
  expect([line.size, line.items]).toEqual([2, ['a', 'b']]);
  vi.advanceTimersByTime(599);
  expect(taken).toEqual([]);
  vi.advanceTimersByTime(1);
  expect(taken).toEqual(['a']);
  vi.advanceTimersByTime(400);
  expect([taken, line.size]).toEqual([['a', 'b'], 0]);
});

it('one timer serves all that wait, and none is left when nothing waits', () => {
  const { line, taken } = lineOf(1000);
  for (let number = 0; number < 100; number++) line.add(String(number));
  expect(vi.getTimerCount()).toBe(1);
  for (let number = 0; number < 100; number++) expect(line.delete(String(number))).toBe(true);
  expect([line.delete('0'), vi.getTimerCount()]).toEqual([false, 0]);
  line.add('a');
  line.clear();
  expect(vi.getTimerCount()).toBe(0);
  line.add('b');
  vi.advanceTimersByTime(1000);
  expect([taken, vi.getTimerCount()]).toEqual([['b'], 0]);
});

it('a thing that is added or deleted while others are taken waits its own time, or is not taken', () => {
  const taken: string[] = [];
  const line: WaitingLine<string> = new WaitingLine(1000, (item) => {
    taken.push(item);
    line.delete('b');
    if (item === 'a') line.add('c');
  });
  line.add('a');
  line.add('b');
  vi.advanceTimersByTime(1000);
  expect([taken, vi.getTimerCount()]).toEqual([['a'], 1]);
  vi.advanceTimersByTime(999);
  expect(taken).toEqual(['a']);
  vi.advanceTimersByTime(1);
  expect([taken, vi.getTimerCount()]).toEqual([['a', 'c'], 0]);
});
