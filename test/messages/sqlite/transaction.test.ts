import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it, onTestFinished } from 'vitest';
import { ValidationError } from '../../../src/core/errors.js';
import type { MessageStore } from '../../../src/messages/store.js';
import { claiming, message, newFile, openStore } from './files.js';

async function withApplication(): Promise<{ store: MessageStore; database: DatabaseSync; file: string }> {
  const file = newFile();
  const database = new DatabaseSync(file);
  onTestFinished(() => database.close());
  database.exec('PRAGMA journal_mode = WAL; CREATE TABLE orders (id INTEGER PRIMARY KEY)');
  return { file, database, store: await openStore({ file, lockTimeout: 100 }) };
}

const record = (store: MessageStore, transaction: unknown, given: Parameters<typeof message>[0] = {}) =>
  store.insert([message(given)], { now: undefined, transaction });

describe('sqliteMessages, in a transaction of the application', () => {
  it('records what is committed, and lets nobody claim it before', async () => {
    const { store, database } = await withApplication();
    database.exec('BEGIN IMMEDIATE; INSERT INTO orders VALUES (1)');
    store.checkTransaction?.(database);
    await record(store, database);
    expect(await store.claim(claiming())).toEqual([]);
    database.exec('COMMIT');
    expect(await store.claim(claiming())).toHaveLength(1);
  });

  it('records nothing that is rolled back', async () => {
    const { store, database } = await withApplication();
    database.exec('BEGIN; INSERT INTO orders VALUES (1)');
    await record(store, database);
    database.exec('ROLLBACK');
    expect(await store.count({ service: 'shop' })).toBe(0);
  });

  it('leaves the transaction as it was when a message cannot be recorded, or its key is taken', async () => {
    const { store, database } = await withApplication();
    const one = message({ idempotency: { key: 'k', digest: 'd', ttlMs: 1000 } });
    await store.insert([one], { now: undefined });
    database.exec('BEGIN IMMEDIATE; INSERT INTO orders VALUES (1)');
    expect(await record(store, database, { idempotency: { key: 'k', digest: 'e', ttlMs: 1000 } })).toEqual([
      { id: one.id, digest: 'd' },
    ]);
    const both = [message(), message({ id: one.id })];
    await expect(store.insert(both, { now: undefined, transaction: database })).rejects.toThrow(ValidationError);
    await record(store, database);
    database.exec('INSERT INTO orders VALUES (2); COMMIT');
    expect(await store.count({ service: 'shop' })).toBe(2);
    expect(database.prepare('SELECT count(*) AS count FROM orders').get()).toEqual({ count: 2 });
  });

  it('takes a connection with settings of its own', async () => {
    const { store, file } = await withApplication();
    const database = new DatabaseSync(file, { readBigInts: true, returnArrays: true } as object);
    database.exec('BEGIN IMMEDIATE');
    const idempotency = { key: 'k', digest: 'd', ttlMs: 1000 };
    await record(store, database, { idempotency });
    expect(await record(store, database, { idempotency })).toMatchObject([{ digest: 'd' }]);
    database.exec('COMMIT');
    database.close();
    expect(await store.count({ service: 'shop' })).toBe(1);
  });

  it('says what to do when the transaction began with reading and another one wrote meanwhile', async () => {
    const { store, database } = await withApplication();
    database.exec('BEGIN');
    database.prepare('SELECT * FROM orders').all();
    await record(store, undefined);
    await expect(record(store, database)).rejects.toThrow('Begin the transaction with BEGIN IMMEDIATE.');
    database.exec('ROLLBACK');
  });

  it('waits for a lock while the transaction is open, and for no longer', async () => {
    const { store, database, file } = await withApplication();
    const other = new DatabaseSync(file);
    onTestFinished(() => other.close());
    other.exec('BEGIN IMMEDIATE');
    database.exec('BEGIN');
    const recorded = record(store, database);
    other.exec('COMMIT');
    await recorded;
    database.exec('COMMIT');
    other.exec('BEGIN IMMEDIATE');
    database.exec('BEGIN');
    const late = record(store, database);
    database.exec('ROLLBACK');
    other.exec('COMMIT');
    await expect(late).rejects.toThrow('this connection is in no transaction');
    expect(await store.count({ service: 'shop' })).toBe(1);
  });

  it('refuses what it cannot record in', async () => {
    const { store, database, file } = await withApplication();
    const elsewhere = new DatabaseSync(newFile());
    elsewhere.exec('BEGIN');
    const attached = new DatabaseSync(':memory:');
    attached.prepare('ATTACH ? AS push').run(file);
    attached.exec('BEGIN');
    const closed = new DatabaseSync(':memory:');
    closed.close();
    for (const [transaction, words] of [
      [{}, 'this is none that the message store can record in'],
      ['BEGIN', 'this is none that the message store can record in'],
      [database, 'this connection is in no transaction'],
      [elsewhere, 'this connection has another file open'],
      [attached, 'this connection has another file open'],
      [closed, 'this connection is closed'],
    ] as const) {
      expect(() => store.checkTransaction?.(transaction)).toThrow(ValidationError);
      expect(() => store.checkTransaction?.(transaction)).toThrow(words);
      await expect(record(store, transaction)).rejects.toThrow(words);
    }
    elsewhere.close();
    attached.close();
  });
});
