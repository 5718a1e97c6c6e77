import { createPool } from 'mysql2';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { mysqlMessages } from '../../src/messages/mysql/index.js';
import { tables } from '../../src/messages/sql/names.js';
import type { MessageStore } from '../../src/messages/store.js';
import { type MessageStoreHarness, messageStoreConformance } from '../../src/testing/index.js';
import type { OpenTransaction } from '../../src/testing/message-harness.js';
import { server, withMysql } from '../support/mysql.js';

const database = withMysql();
const pool = database.pool();
const withCallbacks = createPool({ ...server, database: database.name });

/** What goes by another way when the connections come from elsewhere: what is written, claimed and rolled back. */
const BY_CONNECTION = /transaction|record|claim|settle|process/;

/** Registers the suite. @param of the names of its cases. @default all */
function conforms(make: () => MessageStore, of: RegExp = /./): void {
  const { migrations, ...emptied } = tables;
  const create: MessageStoreHarness['create'] = async () => {
    for (const table of Object.values(emptied)) await database.run(`DELETE FROM ${table}`);
    return { store: make(), another: make, transaction: { begin } };
  };
  const reasons = new Set<string>();
  const cases = messageStoreConformance({ create }).filter(({ name }) => of.test(name));
  for (const { name, run } of cases) {
    test(name, async () => {
      const { skipped } = await run();
      if (skipped !== undefined) reasons.add(skipped);
    });
  }
  test('is tested with everything but what is missing: the database tells nobody', () => {
    expect(cases.length).toBeGreaterThan(30);
    expect([...reasons]).toEqual(['the store has no listen()']);
  });
}

async function begin(): Promise<OpenTransaction> {
  const transaction = await pool.getConnection();
  await transaction.beginTransaction();
  const end = async (how: 'commit' | 'rollback') => {
    await transaction[how]();
    transaction.release();
  };
  return { transaction, commit: () => end('commit'), rollback: () => end('rollback') };
}

beforeAll(() => mysqlMessages(pool).open());
afterAll(() => new Promise<void>((resolve) => withCallbacks.end(() => resolve())));

describe('mysqlMessages', () => conforms(() => mysqlMessages(pool)));

describe('mysqlMessages with a pool of callbacks', () => conforms(() => mysqlMessages(withCallbacks), BY_CONNECTION));

describe('mysqlMessages with an address', () => conforms(() => mysqlMessages(database.url()), BY_CONNECTION));
