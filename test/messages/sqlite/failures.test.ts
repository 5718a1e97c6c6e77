import { renameSync, rmSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { DeliveryError } from '../../../src/core/report.js';
import { Connection } from '../../../src/messages/sqlite/connection.js';
import { message, newFile, openStore } from './files.js';

async function connection(file: string): Promise<Connection> {
  const opened = new Connection({ file, synchronous: 'normal', lockTimeout: 1000 });
  onTestFinished(() => opened.close());
  await opened.open();
  return opened;
}

const insert = (database: DatabaseSync, value: number | string): unknown =>
  database.prepare('INSERT INTO numbers VALUES (?)').run(value);
const all = (opened: Connection): Promise<unknown> =>
  opened.read((database) =>
    database
      .prepare('SELECT value FROM numbers')
      .all()
      .map(({ value }) => value),
  );

describe('the connection to a file of SQLite', () => {
  it('undoes what fails in one call, and keeps the others of its transaction', async () => {
    const opened = await connection(newFile());
    await opened.write((database) => database.exec('CREATE TABLE numbers (value INTEGER) STRICT'));
    const calls = await Promise.allSettled([
      opened.write((database) => insert(database, 1)),
      opened.write((database) => {
        insert(database, 2);
        insert(database, 'two');
      }),
      opened.write((database) => {
        insert(database, 3);
        throw new TypeError('of the caller');
      }),
      opened.write((database) => insert(database, 4)),
    ]);
    expect(calls.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected', 'fulfilled']);
    expect(calls[1]).toMatchObject({ reason: { name: 'DeliveryError', retryable: false } });
    expect(calls[2]).toMatchObject({ reason: { name: 'TypeError' } });
    expect(await all(opened)).toEqual([1, 4]);
  });

  it('keeps nothing of a transaction that a full disk has ended, and works on when there is room', async () => {
    const file = newFile();
    const opened = await connection(file);
    const limit = (pages: number) => opened.read((database) => database.exec(`PRAGMA max_page_count = ${pages}`));
    await opened.write((database) => database.exec('CREATE TABLE numbers (value ANY) STRICT'));
    await limit(10);
    const calls = await Promise.allSettled([
      opened.write((database) => insert(database, 1)),
      opened.write((database) => insert(database, 'x'.repeat(1_000_000))),
      opened.write((database) => insert(database, 2)),
    ]);
    const failure = {
      name: 'DeliveryError',
      retryable: true,
      message: `sqlite: ${file} cannot grow: the disk is full. Make room.`,
    };
    expect(calls[1]).toMatchObject({ reason: failure });
    const kept = calls.flatMap(({ status }, place) => (status === 'fulfilled' ? [[1, 'x', 2][place]] : []));
    expect(await all(opened)).toEqual(kept);
    await limit(10_000);
    await opened.write((database) => insert(database, 3));
    expect(await all(opened)).toEqual([...kept, 3]);
  });

  const busy = (): void => {
    const endsAt = performance.now() + 4;
    while (performance.now() < endsAt);
  };

  it.each<[string, (opened: Connection) => Promise<unknown>]>([
    ['writes at once', (opened) => Promise.all(Array.from({ length: 20 }, () => opened.write(busy)))],
    ['writes one after the other', (opened) => oneAfterTheOther(() => opened.write(busy))],
    ['reads one after the other', (opened) => oneAfterTheOther(() => opened.read(busy))],
  ])('lets others of the process run between many %s', async (_, work) => {
    const opened = await connection(newFile());
    let rounds = 0;
    let isOver = false;
    const count = (): void => {
      rounds++;
      if (!isOver) setImmediate(count);
    };
    setImmediate(count);
    await work(opened);
    isOver = true;
    expect(rounds).toBeGreaterThan(3);
  });
});

async function oneAfterTheOther(call: () => Promise<unknown>): Promise<void> {
  for (let count = 0; count < 20; count++) await call();
}

describe('sqliteMessages, when its file', () => {
  it.each([
    ['is removed', (file: string) => rmSync(file)],
    [
      'is replaced',
      (file: string) => {
        renameSync(file, `${file}.old`);
        new DatabaseSync(file).close();
      },
    ],
  ])('%s, says so, and records into nothing', async (_, change) => {
    const file = newFile();
    const store = await openStore({ file });
    await store.insert([message()], { now: undefined });
    change(file);
    // It looks once a second.
    vi.spyOn(performance, 'now').mockReturnValue(performance.now() + 1000);
    onTestFinished(() => void vi.restoreAllMocks());
    for (const call of [() => store.insert([message()], { now: undefined }), () => store.count({ service: 'shop' })]) {
      const failure = await call().catch((error: unknown) => error);
      expect(failure).toBeInstanceOf(DeliveryError);
      expect(failure).toMatchObject({ retryable: false });
      expect((failure as Error).message).toContain(`${file} was removed or replaced`);
    }
    await store.close();
    await store.open();
    await store.insert([message()], { now: undefined });
  });
});
