import { randomUUID } from 'node:crypto';
import { beforeAll, expect, test } from 'vitest';
import { mysqlMessages } from '../../../src/messages/mysql/index.js';
import type { MessageStore, NewMessage } from '../../../src/messages/store.js';
import { withMysql } from '../../support/mysql.js';
import { claimOf, idsOf, message, settled } from '../postgres/new-message.js';

const database = withMysql();
let store: MessageStore;

beforeAll(async () => {
  store = mysqlMessages(database.pool());
  await store.open();
});

/** A service of a test's own. */
function ownService(): string {
  return `service-${randomUUID()}`;
}

test('users, keys and tags that differ in case, in accents or in blanks at the end are different ones', async () => {
  const service = ownService();
  const users = ['ann', 'Ann', 'änn', 'ann ', 'ann\t', 'ann\u0000', ''];
  for (const user of users)
    await store.insert([message({ service, recipients: { users: [user] }, tag: user })], { now: 1 });
  for (const user of users) {
    expect(await store.count({ service, recipient: user })).toBe(1);
    const { messages } = await store.find({ service, tag: user }, { limit: 9 });
    expect(messages).toMatchObject([{ recipients: { users: [user] }, tag: user }]);
  }
});

test('each user has a message once, whatever the list says', async () => {
  const service = ownService();
  const { id } = message();
  await store.insert([message({ id, service, recipients: { users: ['bob', 'ann', 'bob'] } })], { now: 1 });
  expect(await store.get(service, [id])).toMatchObject([{ recipients: { users: ['bob', 'ann'] } }]);
  expect(await store.markRead({ service, user: 'bob', ids: [id] }, 2)).toBe(1);
});

test('a text that its column does not hold is refused before anything is recorded, also without a strict mode', async () => {
  const service = ownService();
  const lax = database.pool();
  const loose = mysqlMessages(lax);
  await loose.open();
  for (const of of [
    { tag: 'x'.repeat(256) },
    { recipients: { users: ['x'.repeat(401)] } },
    { relatedTo: [{ type: 'x'.repeat(151), id: '1' }] },
    { idempotency: { key: 'x'.repeat(256), digest: 'd', ttlMs: 1 } },
  ])
    await expect(loose.insert([message({ service }), message({ service, ...of })], { now: 1 })).rejects.toMatchObject({
      code: 'VALIDATION',
      message: expect.stringMatching(/may have \d+ characters, not \d+\. Nothing was recorded/),
    });
  expect(await loose.count({ service })).toBe(0);
  // Each of these is a character of two code units.
  await loose.insert([message({ service, tag: '🙂'.repeat(255), recipients: { users: ['🙂'.repeat(400)] } })], {
    now: 1,
  });
  expect(await loose.count({ service, tag: '🙂'.repeat(255), recipient: '🙂'.repeat(400) })).toBe(1);
});

test('neither the time zone of a session nor the settings of a pool change what is read', async () => {
  const service = ownService();
  const pool = database.pool({
    ...{ timezone: '+05:00', dateStrings: true, supportBigNumbers: true, bigNumberStrings: true, rowsAsArray: true },
    ...{ decimalNumbers: true, namedPlaceholders: true, nestTables: true, connectionLimit: 1 },
  });
  await pool.query("SET time_zone = '-11:00', sql_mode = 'ANSI_QUOTES,NO_BACKSLASH_ESCAPES,PIPES_AS_CONCAT'");
  const far = mysqlMessages(pool);
  await far.open();
  const [one, two] = [
    message({ service, expires: { at: 2000 }, tag: `it's "\\` }),
    message({ service, lease: { token: 'x', ms: 5 } }),
  ] as const;
  await far.insert([one], { now: 1_234 });
  await far.insert([two], { now: 5_678 });
  expect(await far.get(service, idsOf([one, two]))).toEqual(await store.get(service, idsOf([one, two])));
  expect(idsOf((await far.find({ service, tag: `it's "\\` }, { limit: 9 })).messages)).toEqual([one.id]);
  expect(await far.claim(claimOf('a', { service, now: 5_683 }))).toMatchObject([
    { id: two.id, isBegun: false, isExpired: false, deaths: 1 },
  ]);
  expect(await far.claim(claimOf('a', { service, now: 5_683 }))).toMatchObject([
    { id: one.id, createdAt: 1_234, changedAt: 5_683, isBegun: true, isExpired: true, retrySending: false },
  ]);
  expect(await far.count({ service })).toBe(2);
  // By the database's clock, both zones mean the same moment.
  const [here, there] = [message({ service, tag: 'now' }), message({ service, tag: 'now' })] as const;
  await store.insert([here], { now: undefined });
  await far.insert([there], { now: undefined });
  const [first, second] = (await store.get(service, idsOf([here, there]))).map(({ createdAt }) => createdAt);
  expect(Math.abs(Number(first) - Number(second))).toBeLessThan(60_000);
});

test('a claim that is under way blocks nobody who records, also where transactions are REPEATABLE READ', async () => {
  const service = ownService();
  const messages = Array.from({ length: 3 }, (_, n) => message({ service, sendAfter: { at: 10 * n } }));
  await store.insert(messages, { now: 1 });
  const pool = database.pool({ connectionLimit: 1 });
  const claiming = mysqlMessages(pool);
  await claiming.open();
  // The claim stops before its commit, with its locks.
  const connection = await pool.getConnection();
  const core = Reflect.get(connection, 'connection') as {
    query(statement: { sql: string }, ...rest: unknown[]): unknown;
  };
  const original = core.query;
  const reached = Promise.withResolvers<void>();
  const goOn = Promise.withResolvers<void>();
  core.query = (statement, ...rest) => {
    // What it gives has a method `then` that refuses to be called.
    const go = () => void Reflect.apply(original, core, [statement, ...rest]);
    if (statement.sql !== 'COMMIT') return go();
    reached.resolve();
    void goOn.promise.then(go);
  };
  connection.release();
  const claimed = claiming.claim(claimOf('a', { service, now: 100, limit: 2 }));
  await reached.promise;
  const impatient = mysqlMessages(database.pool(), { timeout: 2_000 });
  await impatient.open();
  // Between the claimed ones, before and behind them.
  for (const at of [0, 5, 15, 50]) await impatient.insert([message({ service, sendAfter: { at } })], { now: 1 });
  expect(await impatient.claim(claimOf('b', { service, now: 100 }))).toHaveLength(5);
  goOn.resolve();
  expect(idsOf(await claimed)).toEqual(idsOf(messages.slice(0, 2)));
});

test.each(['a pool', 'an address'])(
  'what waits to be cancelled, through %s, keeps nobody from recording',
  async (of) => {
    const service = ownService();
    const own = mysqlMessages(of === 'a pool' ? database.pool() : database.url());
    await own.open();
    // The first one comes into the gap before the others, in the index of keys.
    const named = (n: number) => ({ service, key: 'k', id: `${n}0000000-${randomUUID().slice(9)}` });
    const [one, two, three] = [message(named(1)), message(named(2)), message(named(3))] as const;
    await store.insert([two, three], { now: undefined });
    const blocker = await database.pool({ connectionLimit: 1 }).getConnection();
    await blocker.beginTransaction();
    await blocker.query('SELECT id FROM pushrail_messages WHERE id = ? FOR UPDATE', [three.id]);
    const waits = own.cancel({ service, key: 'k' }, undefined);
    await database.lockWait();
    await store.insert([one], { now: undefined });
    await blocker.rollback();
    blocker.release();
    expect(await waits).toEqual([two.id, three.id]);
    await own.close();
  },
);

test.each(['REPEATABLE READ', 'SERIALIZABLE'])(
  'many workers claim and settle each message once, also where transactions are %s',
  async (level) => {
    const service = ownService();
    const messages = Array.from({ length: 200 }, () => message({ service }));
    const pool = database.pool({ connectionLimit: 8 });
    (pool as unknown as { on(event: 'connection', listener: (made: { query(text: string): void }) => void): void }).on(
      'connection',
      (made) => made.query(`SET SESSION TRANSACTION ISOLATION LEVEL ${level}`),
    );
    const busy = mysqlMessages(pool);
    await busy.open();
    await busy.insert(messages, { now: undefined });
    const claimed: string[] = [];
    const work = async () => {
      for (;;) {
        const token = randomUUID();
        const mine = await busy.claim(claimOf(token, { service }));
        if (mine.length === 0) return;
        claimed.push(...idsOf(mine));
        await busy.insert([message({ service, sendAfter: { inMs: 3_600_000 } })], { now: undefined });
        const ended = await busy.settle(
          mine.map(({ id }) => settled(id, token)),
          undefined,
        );
        expect(ended.every(Boolean)).toBe(true);
      }
    };
    await Promise.all(Array.from({ length: 6 }, work));
    expect(claimed.toSorted()).toEqual(idsOf(messages).toSorted());
    expect(await busy.count({ service, states: ['SENT'] })).toBe(200);
  },
);

test('what two processes record under one idempotency key at once is recorded once', async () => {
  const service = ownService();
  const batches = Array.from({ length: 20 }, () =>
    ['a', 'b', 'c'].map((key) => message({ service, idempotency: { key, digest: key, ttlMs: 60_000 } })),
  );
  const answers = await Promise.all(
    batches.map((batch, n) => store.insert(n % 2 === 0 ? batch : batch.toReversed(), { now: undefined })),
  );
  expect(await store.count({ service })).toBe(3);
  expect(answers.flat().filter((answer) => answer === undefined)).toHaveLength(3);
});

test('a call with more text than a packet of the server holds is cut into statements', async () => {
  const service = ownService();
  const messages = Array.from({ length: 80 }, () => message({ service, content: 'x'.repeat(300_000) }));
  expect(await store.insert(messages, { now: 1 })).toHaveLength(80);
  expect(await store.count({ service })).toBe(80);
});

test('old messages are removed in portions, with all that belongs to them, and keys that have ended', async () => {
  const service = ownService();
  const messages = Array.from({ length: 450 }, (_, n) =>
    message({
      ...{ service, lease: { token: 'a', ms: 1000 }, relatedTo: [{ type: 'o', id: '1' }] },
      ...{ idempotency: { key: `${n}`, digest: 'd', ttlMs: 10 } },
    }),
  );
  await store.insert(messages, { now: 1000 });
  await store.append([{ id: messages[0]?.id ?? '', outcomes: [{ state: 'accepted', channels: ['x'], at: 2 }] }]);
  const purge = (now: number, limit: number) => store.purge({ service, ages: { SENT: 1, SENDING: 100 }, limit, now });
  expect(await purge(1099, 500)).toBe(0);
  expect(await purge(1100, 10)).toBe(10);
  expect(await purge(1100, 1000)).toBe(440);
  for (const table of ['messages', 'recipients', 'related', 'idempotency'])
    expect(await database.run(`SELECT * FROM pushrail_${table} WHERE service = ?`, [service])).toEqual([]);
  expect(await database.run('SELECT * FROM pushrail_outcomes WHERE message_id = ?', [messages[0]?.id])).toEqual([]);
});

test('a key that a transaction has locked is left to a later purge, which does not wait', async () => {
  const service = ownService();
  const [one, two] = ['one', 'two'].map((key) => message({ service, idempotency: { key, digest: 'd', ttlMs: 10 } }));
  await store.insert([one as NewMessage, two as NewMessage], { now: 1 });
  const holder = await database.pool({ connectionLimit: 1 }).getConnection();
  await holder.beginTransaction();
  await store.insert([message({ ...one, id: randomUUID() })], { now: 2, transaction: holder });
  expect(await store.purge({ service, ages: { WAITING: 1 }, limit: 10, now: 20 })).toBe(2);
  const keys = 'SELECT `key` AS name FROM pushrail_idempotency WHERE service = ?';
  expect(await database.run(keys, [service])).toEqual([{ name: 'one' }]);
  await holder.rollback();
  holder.release();
  await store.purge({ service, ages: {}, limit: 10, now: 20 });
  expect(await database.run(keys, [service])).toEqual([]);
});

test('settlements of one call are each what they say, whether they share a statement or not', async () => {
  const service = ownService();
  const messages = Array.from({ length: 90 }, () => message({ service }));
  await store.insert(messages, { now: 1000 });
  await store.claim(claimOf('a', { service, now: 1000, limit: 90 }));
  const outcomesOf = (n: number) =>
    [{ state: 'accepted', channels: [n === 7 ? 'x'.repeat(100_000) : `c${n}`], at: n }] as const;
  const settlements = messages.map(({ id }, n) =>
    settled(id, n === 3 ? 'b' : 'a', {
      outcomes: n === 5 ? [] : outcomesOf(n),
      ...(n === 4 && { state: 'SENDING' as const }),
      ...(n % 30 === 1 && { state: 'ERROR_RETRY' as const, sendAfter: { inMs: n }, retrySending: true, attempts: n }),
    }),
  );
  const again = settled(messages[0]?.id ?? '', 'a', { state: 'ERROR' });
  const isHeld = await store.settle([...settlements, again, settled(randomUUID(), 'a')], 2000);
  expect(isHeld).toEqual([...messages.map((_, n) => n !== 3 && n !== 4), false, false]);
  const found = new Map((await store.get(service, idsOf(messages))).map((one) => [one.id, one]));
  for (const [n, { id }] of messages.entries()) {
    const isOpen = n === 3 || n === 4;
    const state = isOpen ? 'SENDING' : n % 30 === 1 ? 'ERROR_RETRY' : 'SENT';
    expect(found.get(id)).toMatchObject({
      ...{ state, outcomes: isOpen || n === 5 ? [] : outcomesOf(n), sentAt: state === 'SENT' ? 2000 : undefined },
      ...(state === 'ERROR_RETRY' && { sendAfter: 2000 + n, attempts: n, retrySending: true }),
    });
  }
});
