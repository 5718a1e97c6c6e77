import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { postgresMessages } from '../../../src/messages/postgres/index.js';
import type { MessageStore } from '../../../src/messages/store.js';
import { withPostgres } from '../../support/postgres.js';
import { claimOf, idsOf, message, settled } from './new-message.js';

const database = withPostgres();
let store: MessageStore;

beforeAll(async () => {
  store = postgresMessages(database.pool());
  await store.open();
});

afterAll(() => store.close());

/** A service of a test's own. */
function ownService(): string {
  return `service-${randomUUID()}`;
}

test('a message is kept as it was recorded', async () => {
  const service = ownService();
  const sent = message({
    service,
    recipients: { users: ['zoe', 'ann', 'a"b\\{},NULL', ''] },
    priority: 'high',
    tag: 'invoice',
    key: 'k1',
    condition: 'unread',
    relatedTo: [
      { type: 'order', id: '42' },
      { type: 'customer', id: '"7"' },
    ],
    content: JSON.stringify({ text: 'a\u0000b', quote: '"\\', emoji: '🙂' }),
    details: '{}',
    sendAfter: { at: 253_402_300_799_123 },
    expires: { at: 253_402_300_799_999 },
    idempotency: { key: 'once', digest: 'd', ttlMs: 1000 },
  });
  expect(await store.insert([sent], { now: 1_764_333_333_123 })).toEqual([undefined]);
  const { sendAfter: _a, expires: _b, idempotency: _c, ...same } = sent;
  expect(await store.get(service, [sent.id, 'no-uuid', randomUUID()])).toEqual([
    {
      ...same,
      ...{ state: 'WAITING', createdAt: 1_764_333_333_123, changedAt: 1_764_333_333_123, sentAt: undefined },
      ...{ sendAfter: 253_402_300_799_123, expiresAt: 253_402_300_799_999, idempotencyKey: 'once' },
      ...{ attempts: 0, deaths: 0, retrySending: false, backend: undefined, error: undefined, reason: undefined },
      outcomes: [],
    },
  ]);
  expect(await store.get('another', [sent.id])).toEqual([]);
});

test('many messages are recorded in one statement, each with what is its own', async () => {
  const service = ownService();
  const messages = Array.from({ length: 300 }, (_, number) =>
    message({
      service,
      recipients: number % 2 === 0 ? { users: [`u${number}`, 'all'] } : { channels: [`c${number}`] },
      relatedTo: number % 3 === 0 ? [{ type: 'order', id: `${number}` }] : [],
      sendAfter: { inMs: number },
      content: `{"n":"\\u0000${number}"}`,
    }),
  );
  expect(await store.insert(messages, { now: 1000 })).toEqual(messages.map(() => undefined));
  const found = await store.get(service, idsOf(messages));
  expect(
    new Map(
      found.map(({ id, recipients, relatedTo, sendAfter, content }) => [
        id,
        { recipients, relatedTo, sendAfter, content },
      ]),
    ),
  ).toEqual(
    new Map(
      messages.map(({ id, recipients, relatedTo, content }, number) => [
        id,
        { recipients, relatedTo, sendAfter: 1000 + number, content },
      ]),
    ),
  );
  expect(await store.count({ service, recipient: 'all' })).toBe(150);
  expect(await store.count({ service, relatedTo: { type: 'order', id: '3' } })).toBe(1);
});

test('of two messages with one idempotency key, the second one is not recorded, in one call and in two', async () => {
  const service = ownService();
  const idempotency = { key: 'k', digest: 'first', ttlMs: 1000 };
  const [one, two, three, free] = [
    message({ service, idempotency }),
    message({ service, idempotency: { ...idempotency, digest: 'second' } }),
    message({ service, idempotency: { ...idempotency, digest: 'third' } }),
    message({ service }),
  ] as const;
  const taken = { id: one.id, digest: 'first' };
  expect(await store.insert([one, two, free], { now: 5000 })).toEqual([undefined, taken, undefined]);
  expect(await store.insert([three], { now: 5999 })).toEqual([taken]);
  expect(await store.insert([three], { now: 6000 })).toEqual([undefined]);
  expect(await store.count({ service })).toBe(3);
});

test('what two processes record under one idempotency key at once is recorded once', async () => {
  const service = ownService();
  const batches = Array.from({ length: 20 }, () =>
    ['a', 'b', 'c'].map((key) => message({ service, idempotency: { key, digest: key, ttlMs: 60_000 } })),
  );
  const answers = await Promise.all(
    batches.map((batch, n) => store.insert(n % 2 === 0 ? batch : batch.toReversed(), { now: undefined })),
  );
  expect(await store.count({ service })).toBe(3);
  const recorded = answers.flat().filter((answer) => answer === undefined);
  expect(recorded).toHaveLength(3);
});

test('claims by priority, then by time, and what is not due stays', async () => {
  const service = ownService();
  const [later, low, first, second, high] = [
    message({ service, sendAfter: { at: 101 } }),
    message({ service, priority: 'low', sendAfter: { at: 1 } }),
    message({ service, sendAfter: { at: 2 } }),
    message({ service, sendAfter: { at: 3 } }),
    message({ service, priority: 'high', sendAfter: { at: 99 } }),
  ] as const;
  await store.insert([later, second, low, first, high], { now: 50 });
  const claim = (token: string, limit: number) => store.claim(claimOf(token, { service, limit, now: 100 }));
  expect(idsOf(await claim('a', 2))).toEqual([high.id, first.id]);
  const rest = await claim('b', 10);
  expect(idsOf(rest)).toEqual([second.id, low.id]);
  expect(rest[0]).toMatchObject({
    state: 'SENDING',
    token: 'b',
    isBegun: true,
    isExpired: false,
    deaths: 0,
    changedAt: 100,
  });
  expect(await claim('c', 10)).toEqual([]);
});

test('a lease that ran out is claimed alone, and counts a death when it had begun', async () => {
  const service = ownService();
  const [held, due] = [message({ service, lease: { token: 'me', ms: 100 } }), message({ service })] as const;
  await store.insert([held, due], { now: 1000 });
  const claim = (token: string, now: number) =>
    store.claim(claimOf(token, { service, now, lease: { token, ms: 100 } }));
  expect(await claim('a', 1100)).toMatchObject([{ id: held.id, deaths: 1, isBegun: false, token: 'a' }]);
  expect(await claim('b', 1200)).toMatchObject([{ id: held.id, deaths: 1, isBegun: false }]);
  await store.begin('a', [held.id]);
  await store.begin('b', [held.id]);
  expect(await store.renew({ token: 'b', ms: 300 }, [held.id, due.id], 1250)).toEqual([held.id]);
  expect(await claim('c', 1300)).toMatchObject([{ id: due.id, isBegun: true }]);
  expect(await claim('d', 1550)).toMatchObject([{ id: due.id, deaths: 1 }]);
  expect(await claim('d', 1550)).toMatchObject([{ id: held.id, deaths: 2 }]);
});

test('a settlement counts only for who still holds the message', async () => {
  const service = ownService();
  const [one, two] = [message({ service }), message({ service })] as const;
  await store.insert([one, two], { now: 1000 });
  await store.claim(claimOf('a', { service, now: 1000 }));
  const error = { name: 'RateLimitError', code: 'RATE_LIMIT', message: 'slow\u0000', retryable: true } as const;
  const outcomes = [{ state: 'rejected', channels: ['c'], error, at: 1 }] as const;
  await store.append([
    {
      id: one.id,
      outcomes: [
        { state: 'accepted', channels: ['x'], at: 2 },
        { state: 'accepted', channels: ['y'], at: 3 },
      ],
    },
  ]);
  expect(
    await store.settle(
      [
        settled(one.id, 'a', {
          state: 'ERROR_RETRY',
          sendAfter: { inMs: 50 },
          retrySending: true,
          backend: 'pusher',
          error,
          outcomes,
        }),
        settled(two.id, 'b'),
        settled(randomUUID(), 'a'),
      ],
      2000,
    ),
  ).toEqual([true, false, false]);
  expect(await store.settle([settled(one.id, 'a')], 2000)).toEqual([false]);
  expect(await store.settle([settled(two.id, 'a', { state: 'SENDING' })], 2000)).toEqual([false]);
  expect(await store.get(service, [one.id])).toMatchObject([
    {
      state: 'ERROR_RETRY',
      sendAfter: 2050,
      changedAt: 2000,
      retrySending: true,
      backend: 'pusher',
      error,
      attempts: 1,
      outcomes: [{ channels: ['x'] }, { channels: ['y'] }, outcomes[0]],
    },
  ]);
  expect(await store.settle([settled(two.id, 'a', { dropsContent: true })], 2500)).toEqual([true]);
  expect(await store.get(service, [two.id])).toMatchObject([{ state: 'SENT', sentAt: 2500, content: '' }]);
});

test('messages are found page by page, the newest first', async () => {
  const service = ownService();
  const messages = Array.from({ length: 7 }, (_, n) => message({ service, tag: n % 2 === 0 ? 'even' : 'odd' }));
  for (const [n, one] of messages.entries()) await store.insert([one], { now: 1000 + Math.floor(n / 3) });
  const seen: string[] = [];
  let cursor: string | undefined;
  do {
    const page = await store.find({ service }, { limit: 2, cursor });
    seen.push(...idsOf(page.messages));
    cursor = page.cursor;
  } while (cursor !== undefined);
  expect(seen.toSorted()).toEqual(idsOf(messages).toSorted());
  expect(seen[0]).toBe(messages[6]?.id);
  expect(
    idsOf((await store.find({ service, tag: 'odd', since: 1001, until: 1002 }, { limit: 9 })).messages).toSorted(),
  ).toEqual([messages[3], messages[5]].map((one) => one?.id).toSorted());
  await expect(store.find({ service }, { limit: 2, cursor: '1_nonsense' })).rejects.toMatchObject({
    code: 'VALIDATION',
  });
});

test('messages are cancelled, tried again, read, and counted while nobody can take them', async () => {
  const service = ownService();
  const [one, two, asked] = [
    message({ service, key: 'k', recipients: { users: ['ann', 'bob'] } }),
    message({ service, key: 'k', tag: 't', relatedTo: [{ type: 'order', id: '1' }] }),
    message({ service, condition: 'unread' }),
  ] as const;
  await store.insert([one, two, asked], { now: 1000 });
  expect(await store.unclaimed(service, ['other'], 1000)).toEqual(new Map([['unread', 1]]));
  expect(await store.unclaimed(service, ['unread'], 1000)).toEqual(new Map());
  expect(await store.unreadCount(service, 'ann')).toBe(3);
  expect(await store.markRead({ service, user: 'ann', relatedTo: { type: 'order', id: '1' } }, 1001)).toBe(1);
  expect(await store.markRead({ service, user: 'ann', tag: 't' }, 1001)).toBe(0);
  expect(await store.markRead({ service, user: 'bob', ids: [one.id, two.id, 'none'] }, 1001)).toBe(1);
  expect(await store.readers([one.id, two.id, asked.id])).toEqual(
    new Map([
      [one.id, ['bob']],
      [two.id, ['ann']],
    ]),
  );
  expect(idsOf((await store.unread(service, 'ann', { limit: 5 })).messages).toSorted()).toEqual(
    [one.id, asked.id].toSorted(),
  );
  await store.claim(claimOf('a', { service, now: 1000, limit: 1 }));
  expect(await store.cancel({ service, key: 'k' }, 1002)).toHaveLength(1);
  expect(await store.cancel({ service, id: asked.id }, 1002)).toEqual([asked.id]);
  expect(await store.cancel({ service, id: 'none' }, 1002)).toEqual([]);
  expect(await store.retry(service, asked.id, 1003)).toBe(false);
  const [held] = (await store.find({ service, states: ['SENDING'] }, { limit: 5 })).messages;
  expect(await store.retry(service, held?.id ?? '', 1003)).toBe(false);
  await store.settle([settled(held?.id ?? '', 'a', { state: 'ERROR', outcomes: [] })], 1004);
  expect(await store.retry(service, held?.id ?? '', 1005)).toBe(true);
  expect(await store.get(service, [held?.id ?? ''])).toMatchObject([{ state: 'WAITING', sendAfter: 1005 }]);
});

test('old messages are removed in portions, with all that belongs to them', async () => {
  const service = ownService();
  const messages = Array.from({ length: 5 }, () =>
    message({ service, lease: { token: 'a', ms: 1000 }, relatedTo: [{ type: 'o', id: '1' }] }),
  );
  await store.insert(messages, { now: 1000 });
  await store.append([{ id: messages[0]?.id ?? '', outcomes: [{ state: 'accepted', channels: ['x'], at: 2 }] }]);
  await store.settle(
    messages.slice(0, 4).map(({ id }) => settled(id, 'a')),
    2000,
  );
  const purge = (now: number) => store.purge({ service, ages: { SENT: 100, SENDING: 100 }, limit: 3, now });
  expect(await purge(1099)).toBe(0);
  expect(await purge(2100)).toBe(3);
  expect(await purge(2100)).toBe(2);
  for (const table of ['recipients', 'related', 'outcomes'])
    expect(await database.run(`SELECT * FROM pushrail_${table} WHERE message_id = ANY($1)`, [idsOf(messages)])).toEqual(
      [],
    );
});

test('a user is erased from all that tells of him', async () => {
  const service = ownService();
  const own = message({ service });
  const shared = message({ service, recipients: { users: ['bob', 'ann'] }, lease: { token: 'a', ms: 1000 } });
  await store.insert([own, shared, message({ service, recipients: { channels: ['ann'] } })], { now: 1000 });
  const outcome = {
    state: 'accepted',
    channels: ['c1', 'c2'],
    users: ['bob', 'ann'],
    info: { c1: {}, c2: {} },
    at: 1,
  } as const;
  await store.append([
    { id: shared.id, outcomes: [outcome, { ...outcome, channels: ['c3'], users: ['ann'], info: {} }] },
  ]);
  await store.settle([settled(shared.id, 'a', { outcomes: [outcome] })], 1001);
  expect(await store.erase(service, 'ann')).toBe(2);
  expect(await store.get(service, [own.id])).toEqual([]);
  const left = { state: 'accepted', channels: ['c1'], users: ['bob'], info: { c1: {} }, at: 1 };
  expect(await store.get(service, [shared.id])).toMatchObject([
    { recipients: { users: ['bob'] }, outcomes: [left, left] },
  ]);
  expect(await store.erase(service, 'ann')).toBe(0);
});

test('neither the time zone of a connection nor the parsers of an application change what is read', async () => {
  const service = ownService();
  const types = { getTypeParser: () => (text: unknown) => text };
  const far = postgresMessages(database.pool({ types, options: '-c TimeZone=Pacific/Auckland -c DateStyle=German' }));
  await far.open();
  const [one, two] = [
    message({ service, expires: { at: 2000 } }),
    message({ service, lease: { token: 'x', ms: 5 } }),
  ] as const;
  await far.insert([one], { now: 1_234 });
  await far.insert([two], { now: 5_678 });
  expect(await far.get(service, idsOf([one, two]))).toEqual(await store.get(service, idsOf([one, two])));
  expect(await far.claim(claimOf('a', { service, now: 5_683 }))).toMatchObject([
    { id: two.id, isBegun: false, isExpired: false, deaths: 1 },
  ]);
  expect(await far.claim(claimOf('a', { service, now: 5_683 }))).toMatchObject([
    {
      id: one.id,
      createdAt: 1_234,
      changedAt: 5_683,
      isBegun: true,
      isExpired: true,
      retrySending: false,
      priority: 'normal',
    },
  ]);
  expect(await far.count({ service })).toBe(2);
});
