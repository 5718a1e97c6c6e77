import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type PostgresMessagesOptions, postgresMessages } from '../../src/messages/postgres/index.js';
import { tables } from '../../src/messages/sql/names.js';
import { type MessageStoreHarness, messageStoreConformance } from '../../src/testing/index.js';
import type { OpenTransaction } from '../../src/testing/message-harness.js';
import { withPostgres } from '../support/postgres.js';

const database = withPostgres();
const pool = database.pool();

/** Registers the suite. @param missing why cases are skipped, so that none goes missing unseen */
function conforms(options: PostgresMessagesOptions, missing: readonly string[]): void {
  const { migrations, ...emptied } = tables;
  const make = () => postgresMessages(pool, options);
  const create: MessageStoreHarness['create'] = async () => {
    await database.run(
      Object.values(emptied)
        .map((table) => `DELETE FROM ${options.schema ?? 'public'}.${table}`)
        .join('; '),
    );
    return { store: make(), another: make, transaction: { begin } };
  };
  const reasons = new Set<string>();
  for (const { name, run } of messageStoreConformance({ create })) {
    test(name, async () => {
      const { skipped } = await run();
      if (skipped !== undefined) reasons.add(skipped);
    });
  }
  test(`is tested with everything but what is missing: ${missing.join(', ') || 'nothing'}`, () => {
    expect([...reasons]).toEqual(missing);
  });
}

async function begin(): Promise<OpenTransaction> {
  const client = await pool.connect();
  await client.query('BEGIN');
  const end = async (statement: string) => {
    await client.query(statement);
    client.release();
  };
  return { transaction: client, commit: () => end('COMMIT'), rollback: () => end('ROLLBACK') };
}

beforeAll(async () => {
  await database.run('CREATE SCHEMA push');
  for (const schema of ['public', 'push']) await postgresMessages(pool, { schema }).open();
});

afterAll(() => pool.end());

describe('postgresMessages', () => conforms({}, ['the store has no listen()']));

describe('postgresMessages in a schema of its own, with NOTIFY', () => conforms({ schema: 'push', notify: true }, []));
