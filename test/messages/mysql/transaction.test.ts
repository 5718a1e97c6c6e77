import { sql as drizzleSql } from 'drizzle-orm';
import { int, mysqlTable, text } from 'drizzle-orm/mysql-core';
import { drizzle } from 'drizzle-orm/mysql2';
import { type Generated, Kysely, MysqlDialect } from 'kysely';
import { type Pool as CallbackPool, createPool, type PoolConnection } from 'mysql2';
import type { Pool } from 'mysql2/promise';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { mysqlMessages } from '../../../src/messages/mysql/index.js';
import type { MessageStore } from '../../../src/messages/store.js';
import { server, withMysql } from '../../support/mysql.js';
import { claimOf, idsOf, message } from '../postgres/new-message.js';

const database = withMysql();
let store: MessageStore;
let pool: Pool;
let withCallbacks: CallbackPool;
let kysely: Kysely<{ orders: { id: Generated<number>; note: string } }>;

beforeAll(async () => {
  pool = database.pool();
  withCallbacks = createPool({ ...server, database: database.name });
  store = mysqlMessages(pool);
  await store.open();
  await database.run('CREATE TABLE orders (id INT AUTO_INCREMENT PRIMARY KEY, note TEXT NOT NULL)');
  kysely = new Kysely({ dialect: new MysqlDialect({ pool: withCallbacks as never }) });
});

afterAll(() => kysely.destroy());

/** An application that writes an order in a transaction of its own, and does something else there. */
type Application = (note: string, work: (transaction: unknown) => Promise<void>) => Promise<void>;

const orders = mysqlTable('orders', { id: int('id').primaryKey().autoincrement(), note: text('note').notNull() });

function connect(): Promise<PoolConnection> {
  return new Promise((resolve, reject) => {
    withCallbacks.getConnection((error, connection) => (error ? reject(error) : resolve(connection)));
  });
}

const applications: readonly (readonly [string, Application])[] = [
  [
    'mysql2/promise',
    async (note, work) => {
      const connection = await pool.getConnection();
      try {
        await connection.beginTransaction();
        await work(connection);
        await connection.execute('INSERT INTO orders (note) VALUES (?)', [note]);
        await connection.commit();
      } catch (error) {
        await connection.rollback();
        throw error;
      } finally {
        connection.release();
      }
    },
  ],
  [
    'mysql2',
    async (note, work) => {
      const connection = await connect();
      const run = (statement: string) =>
        new Promise<void>((resolve, reject) => {
          connection.query(statement, [note], (error) => (error ? reject(error) : resolve()));
        });
      try {
        await run('START TRANSACTION');
        await work(connection);
        await run('INSERT INTO orders (note) VALUES (?)');
        await run('COMMIT');
      } catch (error) {
        await run('ROLLBACK');
        throw error;
      } finally {
        connection.release();
      }
    },
  ],
  [
    'Kysely',
    (note, work) =>
      kysely.transaction().execute(async (transaction) => {
        await work(transaction);
        await transaction.insertInto('orders').values({ note }).execute();
      }),
  ],
  [
    'Drizzle',
    (note, work) =>
      drizzle(pool).transaction(async (transaction) => {
        await work(transaction);
        await transaction.insert(orders).values({ note });
      }),
  ],
];

describe.each(applications)('a transaction of %s', (name, inTransaction) => {
  const now = undefined;
  const claim = (token: string) => store.claim(claimOf(token, { service: name }));
  const isThere = async (note: string) =>
    (await database.run('SELECT 1 FROM orders WHERE note = ?', [note])).length === 1;

  test('messages are recorded with it, and claimed once it has committed, whatever committed before', async () => {
    const [early, late, many] = [
      message({ service: name, relatedTo: [{ type: 'order', id: '1' }], tag: 'a', expires: { inMs: 1e9 } }),
      message({ service: name }),
      Array.from({ length: 3 }, () => message({ service: name, content: `"\\u0000\\\\'? :a"` })),
    ] as const;
    const begun = Promise.withResolvers<void>();
    const goOn = Promise.withResolvers<void>();
    const slow = inTransaction(`${name}: slow`, async (transaction) => {
      store.checkTransaction?.(transaction);
      expect(await store.insert([early], { now, transaction })).toEqual([undefined]);
      expect(await store.insert(many, { now, transaction })).toEqual(many.map(() => undefined));
      begun.resolve();
      await goOn.promise;
    });
    await begun.promise;
    await inTransaction(`${name}: quick`, async (transaction) => {
      await store.insert([late], { now, transaction });
    });
    expect(idsOf(await claim('one'))).toEqual([late.id]);
    expect(await claim('two')).toEqual([]);
    goOn.resolve();
    await slow;
    expect(idsOf(await claim('three')).toSorted()).toEqual(idsOf([early, ...many]).toSorted());
    expect(await isThere(`${name}: slow`)).toBe(true);
    expect(await store.get(name, [early.id, idsOf(many)[0] ?? ''])).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ relatedTo: early.relatedTo, recipients: early.recipients }),
        expect.objectContaining({ content: many[0]?.content }),
      ]),
    );
  });

  test('what it rolls back was never recorded', async () => {
    const lost = message({ service: name, idempotency: { key: 'lost', digest: 'd', ttlMs: 60_000 } });
    const failed = inTransaction(`${name}: lost`, async (transaction) => {
      await store.insert([lost], { now, transaction });
      throw new Error('out of stock');
    });
    await expect(failed).rejects.toThrow('out of stock');
    expect(await store.get(name, [lost.id])).toEqual([]);
    expect(await store.insert([lost], { now })).toEqual([undefined]);
  });

  test('an idempotency key that is taken does not abort it', async () => {
    const idempotency = { key: 'once', digest: 'first', ttlMs: 60_000 };
    const [first, second, other] = [
      message({ service: name, idempotency }),
      message({ service: name, idempotency: { ...idempotency, digest: 'second' } }),
      message({ service: name }),
    ] as const;
    await store.insert([first], { now });
    await inTransaction(`${name}: twice`, async (transaction) => {
      const taken = { id: first.id, digest: 'first' };
      expect(await store.insert([second], { now, transaction })).toEqual([taken]);
      expect(await store.insert([second, other], { now, transaction })).toEqual([taken, undefined]);
    });
    expect(await isThere(`${name}: twice`)).toBe(true);
    expect(idsOf(await store.get(name, idsOf([second, other])))).toEqual([other.id]);
  });

  test('what fails in it is an error of this package, and undoes its own part alone', async () => {
    const [there, good] = [message({ service: name }), message({ service: name })] as const;
    await store.insert([there], { now });
    await inTransaction(`${name}: goes on`, async (transaction) => {
      await expect(store.insert([good, there], { now, transaction })).rejects.toMatchObject({
        code: 'VALIDATION',
        message: expect.stringContaining('a message with this id is recorded'),
      });
    });
    expect(await isThere(`${name}: goes on`)).toBe(true);
    expect(idsOf(await store.get(name, idsOf([good, there])))).toEqual([there.id]);
  });
});

test('a key that another transaction takes meanwhile is waited for, and found', async () => {
  const idempotency = { key: 'race', digest: 'd', ttlMs: 60_000 };
  const [first, second] = [message({ idempotency }), message({ idempotency })] as const;
  const [one, two] = [await pool.getConnection(), await pool.getConnection()] as const;
  try {
    for (const connection of [one, two]) await connection.beginTransaction();
    // So that its snapshot is older than what the other one commits.
    await two.query('SELECT * FROM orders');
    await store.insert([first], { now: undefined, transaction: one });
    const waits = store.insert([second], { now: undefined, transaction: two });
    await database.lockWait();
    await one.commit();
    expect(await waits).toEqual([{ id: first.id, digest: 'd' }]);
    await two.commit();
  } finally {
    one.release();
    two.release();
  }
});

test('anything else is refused, with what to pass', () => {
  const refuses = (value: unknown, words: string) => {
    const check = () => store.checkTransaction?.(value);
    expect(check).toThrow(expect.objectContaining({ code: 'VALIDATION' }));
    expect(check).toThrow('takes a connection of "mysql2" after beginTransaction(), or a transaction of Kysely');
    expect(check).toThrow(words);
  };
  refuses(pool, 'not a pool');
  refuses(withCallbacks, 'not a pool');
  refuses(kysely, 'not the Kysely instance itself');
  refuses(drizzle(pool), 'not the Drizzle database itself');
  refuses({}, 'not this object');
  refuses(null, 'not null');
  refuses('BEGIN', 'not string');
  refuses(drizzleSql`SELECT 1`, 'not this object');
});

test('a connection that has not begun a transaction is refused, and nothing is recorded', async () => {
  const connection = await pool.getConnection();
  const early = message({ service: 'early' });
  try {
    await expect(store.insert([early], { now: undefined, transaction: connection })).rejects.toMatchObject({
      code: 'VALIDATION',
      message: expect.stringContaining('call beginTransaction() before'),
    });
    await connection.beginTransaction();
    await connection.commit();
    await expect(store.insert([early], { now: undefined, transaction: connection })).rejects.toThrow(
      'beginTransaction',
    );
    await connection.query('SET autocommit = 0');
    expect(await store.insert([early], { now: undefined, transaction: connection })).toEqual([undefined]);
    await connection.rollback();
  } finally {
    connection.destroy();
  }
  expect(await store.get('early', [early.id])).toEqual([]);
});

test('a transaction that is over records nothing, and says so', async () => {
  const over = await kysely.transaction().execute(async (transaction) => transaction);
  const late = message({ service: 'over' });
  await expect(store.insert([late], { now: undefined, transaction: over })).rejects.toMatchObject({
    code: 'DELIVERY',
    retryable: false,
    message: expect.stringContaining('already committed'),
  });
  expect(await store.get('over', [late.id])).toEqual([]);
});
