import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { memoryMessages } from '../../src/messages/memory/index.js';
import type { NewMessage } from '../../src/messages/store.js';

function message(of: Partial<NewMessage> = {}): NewMessage {
  return {
    ...{ id: randomUUID(), service: 'shop', event: 'order', recipients: { users: ['ann'] }, priority: 'normal' },
    ...{ relatedTo: [], content: 'content', details: 'details', sendAfter: { inMs: 0 } },
    ...of,
  };
}

test('claims by priority and time what is due, and settles it', async () => {
  const store = memoryMessages();
  const [later, low, first, second] = [
    message({ sendAfter: { at: 101 } }),
    message({ priority: 'low', sendAfter: { at: 1 } }),
    message({ sendAfter: { at: 2 } }),
    message({ sendAfter: { at: 3 } }),
  ] as const;
  await store.insert([later, second, low, first], { now: 50 });
  const request = { service: 'shop', lease: { token: 'one', ms: 1000 }, limit: 10, conditions: [], now: 100 };
  const claimed = await store.claim(request);
  expect(claimed.map(({ id }) => id)).toEqual([first.id, second.id, low.id]);
  const settlement = { token: 'one', attempts: 1, retrySending: false, outcomes: [], dropsContent: true } as const;
  expect(await store.settle([{ ...settlement, id: low.id, state: 'SENT' }], 110)).toEqual([true]);
  expect(await store.get('shop', [low.id])).toMatchObject([{ state: 'SENT', sentAt: 110, content: '' }]);
  expect(await store.claim({ ...request, lease: { token: 'two', ms: 9 }, now: 1100 })).toMatchObject([
    { id: second.id, token: 'two', isBegun: false, deaths: 1 },
  ]);
});

test('finds what is due among 100 000 messages that are not', async () => {
  const store = memoryMessages();
  const waiting = Array.from({ length: 100_000 }, (_, n) => message({ sendAfter: { at: 1_000_000 - n } }));
  await store.insert(waiting, { now: 0 });
  const request = { service: 'shop', lease: { token: 'one', ms: 1000 }, limit: 2, conditions: [], now: 900_002 };
  expect((await store.claim(request)).map(({ id }) => id)).toEqual([waiting[99_999]?.id, waiting[99_998]?.id]);
});

test('is closed until it is opened again, and takes no transaction', async () => {
  const store = memoryMessages();
  await expect(store.insert([message()], { now: 0, transaction: {} })).rejects.toThrow('knows no transactions');
  await store.close();
  await store.close();
  await expect(store.count({ service: 'shop' })).rejects.toThrow('The message store "memory" is closed');
  await store.open();
  expect(await store.count({ service: 'shop' })).toBe(0);
});
