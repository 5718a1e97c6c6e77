import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import { ConfigurationError, ValidationError } from '../../../src/core/errors.js';
import { Connection } from '../../../src/messages/sqlite/connection.js';
import { sqliteMessages } from '../../../src/messages/sqlite/index.js';
import { SqliteMessages } from '../../../src/messages/sqlite/message-store.js';
import { migrations } from '../../../src/messages/sqlite/schema.js';
import { message, newFile, openStore } from './files.js';

/** What a later release may add. */
const later = {
  name: '0003_seen_by',
  statements: ['ALTER TABLE pushrail_messages ADD COLUMN seen_by TEXT', 'CREATE TABLE pushrail_later (id INTEGER)'],
};
const options = (file: string) => ({ file, synchronous: 'normal', lockTimeout: 10_000 }) as const;

describe('sqliteMessages, when it is opened', () => {
  it('makes its file and its tables, once, and again after it was closed', async () => {
    const file = newFile();
    const store = await openStore({ file });
    expect(await store.migrate()).toEqual([]);
    await store.insert([message()], { now: undefined });
    await Promise.all([store.close(), store.close()]);
    await expect(store.count({ service: 'shop' })).rejects.toThrow(/the store of .*push.db is not open. Call open\(\)/);
    await store.open();
    await store.open();
    expect(await store.count({ service: 'shop' })).toBe(1);
  });

  it('tells which tables it made when it is asked to migrate', async () => {
    const store = sqliteMessages({ file: newFile() });
    expect(await store.migrate()).toEqual(['0001_messages', '0002_templates']);
    expect(await store.migrate()).toEqual([]);
    await store.close();
  });

  it('keeps the tables of the application', async () => {
    const file = newFile();
    const database = new DatabaseSync(file);
    database.exec('CREATE TABLE orders (id INTEGER)');
    await openStore({ file });
    expect(database.prepare('SELECT count(*) AS count FROM orders').get()).toEqual({ count: 0 });
    database.close();
  });

  it.each([
    ['full', 2],
    ['normal', 1],
  ] as const)('writes a log ahead, and waits for the disk as it was told: %s', async (synchronous, level) => {
    const connection = new Connection({ file: newFile(), synchronous, lockTimeout: 1000 });
    await connection.open();
    const values = await connection.read((database) => [
      database.prepare('PRAGMA journal_mode').get(),
      database.prepare('PRAGMA synchronous').get(),
    ]);
    expect(values).toEqual([{ journal_mode: 'wal' }, { synchronous: level }]);
    await connection.close();
  });

  it('works on with a schema that a later release has made, also while it is made', async () => {
    const file = newFile();
    const old = await openStore({ file });
    await old.insert([message()], { now: undefined });
    const newer = new SqliteMessages(options(file), [...migrations, later]);
    expect(await newer.migrate()).toEqual(['0003_seen_by']);
    await old.insert([message()], { now: undefined });
    await newer.insert([message()], { now: undefined });
    expect(await old.count({ service: 'shop' })).toBe(3);
    await old.close();
    await old.open();
    expect((await old.find({ service: 'shop' }, { limit: 9 })).messages).toHaveLength(3);
    expect(await newer.count({ service: 'shop' })).toBe(3);
    await newer.close();
  });

  it('brings up a file of the release before templates, and lets that release go on', async () => {
    const file = newFile();
    const old = new SqliteMessages(options(file), migrations.slice(0, 1));
    await old.open();
    await old.insert([message()], { now: undefined });
    const newer = new SqliteMessages(options(file));
    expect(await newer.migrate()).toEqual(['0002_templates']);
    await old.insert([message()], { now: undefined });
    expect(await old.count({ service: 'shop' })).toBe(2);
    const save = { service: 'shop', slug: 'welcome', isActive: true, content: '{}' };
    expect(await newer.templates.saveTemplate(save, 1)).toEqual({ ...save, version: 1, createdAt: 1 });
    await old.close();
    await old.open();
    expect(await old.migrate()).toEqual([]);
    for (const store of [old, newer]) await store.close();
  });

  it('makes all of a migration or nothing', async () => {
    const file = newFile();
    await openStore({ file });
    const broken = { ...later, statements: [...later.statements, 'CREATE TABLE pushrail_later (id INTEGER)'] };
    await expect(new SqliteMessages(options(file), [...migrations, broken]).open()).rejects.toThrow('already exists');
    const whole = new SqliteMessages(options(file), [...migrations, later]);
    expect(await whole.migrate()).toEqual(['0003_seen_by']);
    await whole.close();
  });

  it.each([
    ['whose directory is not there', (file: string) => `${file}/missing/push.db`, 'the directory of'],
    [
      'that is none of SQLite',
      (file: string) => {
        writeFileSync(
          file,
          'this is a text, and it is long enough to be taken for something else than a database'.repeat(20),
        );
        return file;
      },
      'is not a database of SQLite. Name another file.',
    ],
    [
      'that is a directory',
      (file: string) => {
        mkdirSync(file);
        return file;
      },
      'cannot be opened. It must be a file',
    ],
  ])('refuses a file %s', async (_, prepare, words) => {
    const file = prepare(newFile());
    const store = sqliteMessages({ file });
    await expect(store.open()).rejects.toThrow(ConfigurationError);
    await expect(store.open()).rejects.toThrow(words);
    await expect(store.open()).rejects.toThrow(file);
  });

  it('refuses a file that is damaged', async () => {
    const file = newFile();
    await (await openStore({ file })).close();
    const content = readFileSync(file);
    writeFileSync(file, content.fill(0xff, 100));
    await expect(sqliteMessages({ file }).open()).rejects.toThrow(ConfigurationError);
    await expect(sqliteMessages({ file }).open()).rejects.toThrow(
      /push\.db is damaged \(.*\)\. Restore it from a copy\./,
    );
  });

  it('opens when what was wrong has been mended', async () => {
    const file = `${newFile()}-directory/push.db`;
    const store = sqliteMessages({ file });
    await expect(store.open()).rejects.toThrow('Make it, or name another file.');
    mkdirSync(dirname(file));
    await store.open();
    await store.close();
  });

  it.each([
    [{}, 'takes the path of a file'],
    [undefined, 'takes the path of a file'],
    [{ file: '' }, 'takes the path of a file'],
    [{ file: ':memory:' }, 'Take memoryMessages()'],
    [{ file: 'a', synchronous: 'off' }, `"synchronous" must be 'full' or 'normal', not off.`],
    [{ file: 'a', lockTimeout: -1 }, '"lockTimeout" must be a number of milliseconds from 0 to 3600000, not -1.'],
    [{ file: 'a', lockTimeout: {} }, 'not a value of type object'],
  ])('refuses the options %j', (given, words) => {
    expect(() => sqliteMessages(given as never)).toThrow(ConfigurationError);
    expect(() => sqliteMessages(given as never)).toThrow(words);
  });

  it('refuses an option that there is not, so that none is misspelt in silence', () => {
    expect(() => sqliteMessages({ file: 'a', synchronos: 'normal' } as never)).toThrow(
      new ValidationError('sqliteMessages() has no option "synchronos"; did you mean "synchronous"?'),
    );
  });
});
