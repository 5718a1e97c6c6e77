import { PrismaPg } from '@prisma/adapter-pg';
import { sql as drizzleSql } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/node-postgres';
import { pgTable, serial, text } from 'drizzle-orm/pg-core';
import { type Generated, Kysely, PostgresDialect } from 'kysely';
import type { Pool } from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { postgresMessages } from '../../../src/messages/postgres/index.js';
import type { MessageStore } from '../../../src/messages/store.js';
import { withPostgres } from '../../support/postgres.js';
import { claimOf, idsOf, message } from './new-message.js';
import { type GeneratedClient, generateClient } from './prisma-client.js';

const database = withPostgres();
let store: MessageStore;
let pool: Pool;
let kysely: Kysely<{ orders: { id: Generated<number>; note: string } }>;
let prisma: GeneratedClient;

beforeAll(async () => {
  pool = database.pool();
  store = postgresMessages(pool);
  await store.open();
  await database.run('CREATE TABLE orders (id serial PRIMARY KEY, note text NOT NULL)');
  kysely = new Kysely({ dialect: new PostgresDialect({ pool }) });
  const Prisma = await generateClient();
  prisma = new Prisma({ adapter: new PrismaPg({ connectionString: database.url() }) });
  await prisma.$connect();
});

afterAll(async () => {
  await prisma.$disconnect();
  await store.close();
});

/** An application that writes an order in a transaction of its own, and does something else there. */
type Application = (note: string, work: (transaction: unknown) => Promise<void>) => Promise<void>;

const orders = pgTable('orders', { id: serial('id').primaryKey(), note: text('note').notNull() });

const applications: readonly (readonly [string, Application])[] = [
  [
    'pg',
    async (note, work) => {
      const client = await pool.connect();
      try {
        await client.query('BEGIN');
        await work(client);
        await client.query('INSERT INTO orders (note) VALUES ($1)', [note]);
        await client.query('COMMIT');
      } catch (error) {
        await client.query('ROLLBACK');
        throw error;
      } finally {
        client.release();
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
  [
    'Prisma',
    (note, work) =>
      prisma.$transaction(async (transaction) => {
        await work(transaction);
        await transaction.order.create({ data: { note } });
      }),
  ],
];

describe.each(applications)('a transaction of %s', (name, inTransaction) => {
  const now = undefined;
  const claim = (token: string) => store.claim(claimOf(token, { service: name }));
  const isThere = async (note: string) =>
    (await database.run('SELECT FROM orders WHERE note = $1', [note])).length === 1;

  test('messages are recorded with it, and claimed once it has committed, whatever committed before', async () => {
    const [early, late, many] = [
      message({ service: name, relatedTo: [{ type: 'order', id: '1' }], tag: 'a', expires: { inMs: 1e9 } }),
      message({ service: name }),
      Array.from({ length: 3 }, () => message({ service: name, content: '"\\u0000"' })),
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
    expect(await store.get(name, [early.id])).toMatchObject([
      { relatedTo: early.relatedTo, recipients: early.recipients },
    ]);
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

  test('what fails in it is an error of this package', async () => {
    const failed = inTransaction(`${name}: bad`, async (transaction) => {
      await store.insert([message({ service: 'a\0b' })], { now, transaction });
    });
    await expect(failed).rejects.toMatchObject({
      code: 'VALIDATION',
      cause: { code: '22021', message: expect.stringMatching(/^invalid byte sequence/) },
    });
  });
});

test('a key that another transaction takes meanwhile is waited for, and found', async () => {
  const idempotency = { key: 'race', digest: 'd', ttlMs: 60_000 };
  const [first, second] = [message({ idempotency }), message({ idempotency })] as const;
  const [one, two] = [await pool.connect(), await pool.connect()] as const;
  try {
    for (const client of [one, two]) await client.query('BEGIN');
    await store.insert([first], { now: undefined, transaction: one });
    const waits = store.insert([second], { now: undefined, transaction: two });
    const isWaiting = "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    await expect.poll(() => database.run(isWaiting)).toHaveLength(1);
    await one.query('COMMIT');
    expect(await waits).toEqual([{ id: first.id, digest: 'd' }]);
    await two.query('COMMIT');
  } finally {
    one.release();
    two.release();
  }
});

test('anything else is refused, with what to pass', () => {
  const refuses = (value: unknown, words: string) => {
    const check = () => store.checkTransaction?.(value);
    expect(check).toThrow(expect.objectContaining({ code: 'VALIDATION' }));
    expect(check).toThrow('takes a client of "pg" after BEGIN, or a transaction of Kysely, Drizzle');
    expect(check).toThrow(words);
  };
  refuses(pool, 'not a pool');
  refuses(kysely, 'not the Kysely instance itself');
  refuses(drizzle(pool), 'not the Drizzle database itself');
  refuses(prisma, 'not the Prisma client itself');
  refuses({}, 'not this object');
  refuses(null, 'not null');
  refuses('BEGIN', 'not string');
  refuses(drizzleSql`SELECT 1`, 'not this object');
});

test('a client that has not begun a transaction is refused', async () => {
  const client = await pool.connect();
  try {
    await client.query('SELECT 1');
    expect(() => store.checkTransaction?.(client)).toThrow('call client.query("BEGIN") before');
  } finally {
    client.release();
  }
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
