import { expect, test } from 'vitest';
import type { IncomingMessage } from '../../src/index.js';
import { MessageQueue } from '../../src/receiving/message-loop.js';
import { failureOf } from '../support/failure-of.js';

function message(data: unknown): IncomingMessage {
  return { channel: 'a', event: 'e', data };
}

test('a failure is thrown once, after what is waiting', async () => {
  const queue = new MessageQueue(async () => {});
  queue.push(message(1));
  const error = new Error('lost');
  await queue.end({ error });
  expect(await queue.next()).toEqual({ done: false, value: message(1) });
  expect(await failureOf(Error, queue.next())).toBe(error);
  expect(await queue.next()).toEqual({ done: true, value: undefined });
});

test('of several calls that wait, the first gets the failure, the others the end', async () => {
  const queue = new MessageQueue(async () => {});
  const asked = [queue.next(), queue.next()] as const;
  await Promise.all([failureOf(Error, asked[0]), queue.end({ error: new Error('lost') })]);
  expect(await asked[1]).toEqual({ done: true, value: undefined });
});

test('the end is told once, and a loop that breaks waits for it', async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  let ends = 0;
  const queue = new MessageQueue(() => {
    ends++;
    return promise;
  });
  let isOver = false;
  const over = Promise.all([queue.return(), queue.end(), queue.return()]).then(() => {
    isOver = true;
  });
  await new Promise(setImmediate);
  expect([ends, isOver]).toEqual([1, false]);
  resolve();
  await over;
  expect(ends).toBe(1);
});

test('after the end, messages are dropped', async () => {
  const queue = new MessageQueue(async () => {});
  await queue.end();
  queue.push(message(1));
  expect(await queue.next()).toEqual({ done: true, value: undefined });
});

test('a hundred thousand waiting messages come out in order', async () => {
  const queue = new MessageQueue(async () => {});
  for (let data = 0; data < 100_000; data++) queue.push(message(data));
  await queue.end();
  let expected = 0;
  for await (const { data } of queue)
    if (data !== expected++) expect.fail(`expected ${expected - 1}, got ${String(data)}`);
  expect(expected).toBe(100_000);
});
