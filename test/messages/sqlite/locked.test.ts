import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it, onTestFinished } from 'vitest';
import { TimeoutError } from '../../../src/core/errors.js';
import { sqliteMessages } from '../../../src/messages/sqlite/index.js';
import { claiming, message, newFile, openStore } from './files.js';

/** Another connection, which is closed with the test. */
function connected(file: string): DatabaseSync {
  const database = new DatabaseSync(file);
  onTestFinished(() => database.close());
  return database;
}

/** Waits until the event loop has come round some times. */
async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setTimeout(resolve, 1));
}

describe('sqliteMessages, while another connection has the file locked', () => {
  it('lets the event loop go on, and records when the lock is gone', async () => {
    const file = newFile();
    const store = await openStore({ file });
    const other = connected(file);
    other.exec('BEGIN IMMEDIATE');
    let isDone = false;
    const recorded = store.insert([message()], { now: undefined }).then(() => {
      isDone = true;
    });
    await turns(20);
    expect(isDone).toBe(false);
    // Reading needs no lock.
    expect(await store.count({ service: 'shop' })).toBe(0);
    other.exec('COMMIT');
    await recorded;
    expect(await store.count({ service: 'shop' })).toBe(1);
  });

  it('does calls in the order in which they came', async () => {
    const file = newFile();
    const store = await openStore({ file });
    const other = connected(file);
    other.exec('BEGIN IMMEDIATE');
    const [first, second] = [message({ key: 'k' }), message({ key: 'k' })];
    const calls = [
      store.insert([first], { now: 1 }),
      store.cancel({ service: 'shop', key: 'k' }, 2),
      store.insert([second], { now: 3 }),
    ] as const;
    await turns(10);
    other.exec('COMMIT');
    const [, stopped] = await Promise.all(calls);
    expect(stopped).toEqual([first.id]);
    expect(await store.claim(claiming())).toMatchObject([{ id: second.id }]);
  });

  it('gives up in time, says why, and works on afterwards', async () => {
    const file = newFile();
    const store = await openStore({ file, lockTimeout: 50 });
    const other = connected(file);
    other.exec('BEGIN IMMEDIATE');
    const calls = await Promise.allSettled([1, 2, 3].map(() => store.insert([message()], { now: undefined })));
    for (const call of calls) {
      const { reason } = call as PromiseRejectedResult;
      expect(reason).toBeInstanceOf(TimeoutError);
      expect(reason).toMatchObject({ retryable: true, outcome: 'rejected' });
      expect(reason.message).toContain(`has kept ${file} locked for 50 ms`);
    }
    other.exec('ROLLBACK');
    await store.insert([message()], { now: undefined });
    expect(await store.count({ service: 'shop' })).toBe(1);
  });

  it('opens when the lock is gone, or gives up', async () => {
    const file = newFile();
    const other = connected(file);
    other.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE');
    await expect(sqliteMessages({ file, lockTimeout: 30 }).open()).rejects.toThrow(TimeoutError);
    const store = sqliteMessages({ file });
    onTestFinished(() => store.close());
    const opened = store.open();
    await turns(20);
    other.exec('PRAGMA locking_mode = NORMAL; ROLLBACK');
    other.prepare('SELECT 1 FROM sqlite_schema').get();
    await opened;
    expect(await store.count({ service: 'shop' })).toBe(0);
  });

  it('takes no lock when there is nothing to claim', async () => {
    const file = newFile();
    const store = await openStore({ file, lockTimeout: 0 });
    const other = connected(file);
    await store.insert([message({ sendAfter: { inMs: 60_000 } })], { now: undefined });
    other.exec('BEGIN IMMEDIATE');
    expect(await store.claim(claiming())).toEqual([]);
  });
});
