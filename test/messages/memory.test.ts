import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { ValidationError } from '../../src/core/errors.js';
import { memoryMessages } from '../../src/messages/memory/index.js';
import type { NewMessage } from '../../src/messages/store.js';
import { messageStoreConformance } from '../../src/testing/index.js';

function message(of: Partial<NewMessage> = {}): NewMessage {
  return {
    ...{ id: randomUUID(), service: 'shop', event: 'order', recipients: { users: ['ann'] }, priority: 'normal' },
    ...{ relatedTo: [], content: 'content', details: 'details', sendAfter: { inMs: 0 } },
    ...of,
  };
}

test('finds what is due among 10 000 messages that are not', async () => {
  const store = memoryMessages();
  const waiting = Array.from({ length: 10_000 }, (_, n) => message({ sendAfter: { at: 1_000_000 - n } }));
  await store.insert(waiting, { now: 0 });
  const request = { service: 'shop', lease: { token: 'one', ms: 1000 }, limit: 2, conditions: [], now: 990_002 };
  expect((await store.claim(request)).map(({ id }) => id)).toEqual([waiting[9_999]?.id, waiting[9_998]?.id]);
});

test('refuses a cursor that no page came with', async () => {
  const find = memoryMessages().find({ service: 'shop' }, { limit: 1, cursor: 'abc' });
  await expect(find).rejects.toThrow(
    new ValidationError('cursor: "abc" is none. Pass the cursor that the page before came with, as it is.'),
  );
});

describe('the suite of message stores', () => {
  const reasons = new Set<string>();
  test.each(messageStoreConformance({ create: () => ({ store: memoryMessages() }) }))('$name', async ({ run }) => {
    const { skipped } = await run();
    if (skipped !== undefined) reasons.add(skipped);
  });

  test('leaves out what one process cannot have', () => {
    const missing = ['the harness has no another()', 'the harness has no transaction', 'the store has no listen()'];
    expect([...reasons].sort()).toEqual(missing);
  });
});
