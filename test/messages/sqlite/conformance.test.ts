import { DatabaseSync } from 'node:sqlite';
import { describe, expect, test } from 'vitest';
import { sqliteMessages } from '../../../src/messages/sqlite/index.js';
import { messageStoreConformance } from '../../../src/testing/index.js';
import { newFile } from './files.js';

function begin(file: string): { transaction: DatabaseSync; commit(): void; rollback(): void } {
  const transaction = new DatabaseSync(file);
  transaction.exec('BEGIN IMMEDIATE');
  const end = (how: string): void => {
    transaction.exec(how);
    transaction.close();
  };
  return { transaction, commit: () => end('COMMIT'), rollback: () => end('ROLLBACK') };
}

describe('sqliteMessages', () => {
  const unoffered = new Set<string>();
  const cases = messageStoreConformance({
    create() {
      const file = newFile();
      const another = () => sqliteMessages({ file, synchronous: 'normal' });
      return { store: another(), another, transaction: { begin: () => begin(file), isAlone: true } };
    },
  });

  for (const { name, run } of cases) {
    test(name, async () => {
      const { skipped } = await run();
      if (skipped !== undefined) unoffered.add(skipped);
    });
  }

  test('is tested with everything but what SQLite cannot do', () => {
    expect([...unoffered].sort()).toEqual([
      'the database has one transaction that writes at a time',
      'the store has no listen()',
    ]);
  });
});
