import { randomUUID } from 'node:crypto';
import type { Pool } from 'mysql2/promise';
import { expect, onTestFinished, test } from 'vitest';
import { mysqlMessages } from '../../../src/messages/mysql/index.js';
import { mysqlStore } from '../../../src/messages/mysql/pool.js';
import { migrations } from '../../../src/messages/mysql/schema.js';
import { onServer, withMysql } from '../../support/mysql.js';
import { claimOf, message, settled } from '../postgres/new-message.js';

const database = withMysql();
const later = { name: '0003_colour', statements: ['ALTER TABLE pushrail_messages ADD COLUMN colour TEXT'] };

/** A pool on a database of a test's own. */
async function ownPool(connectionLimit = 10): Promise<Pool> {
  const name = `pushrail_test_${randomUUID().replaceAll('-', '')}`;
  await onServer(`CREATE DATABASE ${name}`);
  onTestFinished(() => onServer(`DROP DATABASE ${name}`));
  return database.pool({ database: name, connectionLimit });
}

test('a store that does not migrate says what to run, and migrates when it is told to', async () => {
  const pool = await ownPool();
  const store = mysqlMessages(pool, { migrate: false });
  await expect(store.open()).rejects.toMatchObject({
    code: 'CONFIGURATION',
    message: expect.stringMatching(/needs the migration "0001_messages": run "pushrail migrate"/),
  });
  await expect(store.insert([message()], { now: undefined })).rejects.toMatchObject({
    code: 'CONFIGURATION',
    message: expect.stringContaining('pushrail migrate'),
  });
  expect(await store.migrate()).toEqual(['0001_messages', '0002_templates']);
  expect(await store.migrate()).toEqual([]);
  await store.open();
  await store.open();
  expect(await store.insert([message()], { now: undefined })).toEqual([undefined]);
});

test('many processes that migrate at once make each step once', async () => {
  const pool = await ownPool();
  await Promise.all(Array.from({ length: 6 }, () => mysqlMessages(pool).open()));
  expect((await pool.query('SELECT name FROM pushrail_migrations ORDER BY name'))[0]).toEqual([
    { name: '0001_messages' },
    { name: '0002_templates' },
  ]);
});

test('a step that was cut short goes on where it ended', async () => {
  const pool = await ownPool();
  await mysqlMessages(pool).open();
  const bad = { ...later, statements: [...later.statements, 'SELECT no_such_column'] };
  await expect(mysqlStore(pool, {}, [...migrations, bad]).open()).rejects.toThrow('no_such_column');
  expect((await pool.query('SELECT name FROM pushrail_migrations'))[0]).toHaveLength(2);
  const mended = {
    ...later,
    statements: [...later.statements, 'CREATE INDEX colours ON pushrail_messages (attempts)'],
  };
  expect(await mysqlStore(pool, {}, [...migrations, mended]).migrate()).toEqual(['0003_colour']);
  await pool.query('SELECT colour FROM pushrail_messages FORCE INDEX (colours) WHERE attempts = 1');
});

test('the code of the release before goes on while a newer one migrates, and opens on its schema', async () => {
  const pool = await ownPool(1);
  const old = mysqlMessages(pool);
  await old.open();
  const service = 'shop';
  const [before, after] = [message({ service }), message({ service })] as const;
  await old.insert([before], { now: undefined });
  expect(await mysqlStore(pool, {}, [...migrations, later]).migrate()).toEqual(['0003_colour']);
  await old.insert([after], { now: undefined });
  expect(await old.claim(claimOf('a'))).toHaveLength(2);
  expect(await old.settle([settled(after.id, 'a')], undefined)).toEqual([true]);
  const again = mysqlMessages(pool, { migrate: false });
  await again.open();
  expect(await again.get(service, [after.id])).toMatchObject([{ state: 'SENT' }]);
});

test('a database of the release before templates is brought up, and that release goes on', async () => {
  const pool = await ownPool(1);
  const old = mysqlStore(pool, {}, migrations.slice(0, 1));
  await old.open();
  await old.insert([message()], { now: undefined });
  await expect(mysqlMessages(pool, { migrate: false }).open()).rejects.toMatchObject({
    code: 'CONFIGURATION',
    message: expect.stringContaining('needs the migration "0002_templates": run "pushrail migrate"'),
  });
  await expect(old.templates.getTemplate('shop', 'welcome')).rejects.toMatchObject({
    code: 'CONFIGURATION',
    message: expect.stringContaining('missing or too old: run "pushrail migrate"'),
  });
  const store = mysqlStore(pool, {}, migrations);
  expect(await store.migrate()).toEqual(['0002_templates']);
  expect(await old.migrate()).toEqual([]);
  await old.insert([message()], { now: undefined });
  expect(await old.claim(claimOf('a'))).toHaveLength(2);
  const save = { service: 'shop', slug: 'welcome', isActive: true, content: '{}' };
  expect(await store.templates.saveTemplate(save, 1)).toEqual({ ...save, version: 1, createdAt: 1 });
});

test.each([
  [{ charset: 'latin1' }, 'the character set "latin1"'],
  [{ database: '' }, 'no database selected'],
])('a pool whose connections would not keep what they are given is refused: %o', async (config, words) => {
  await expect(mysqlMessages(database.pool(config)).open()).rejects.toMatchObject({
    code: 'CONFIGURATION',
    message: expect.stringContaining(words),
  });
});

test.each([
  [{ timeout: 0 }, '"timeout" must be a number of milliseconds'],
  [{ migrat: true }, 'mysqlMessages() has no option "migrat"; did you mean "migrate"?'],
])('wrong options are refused: %o', (options, words) => {
  expect(() => mysqlMessages(database.pool(), options as object)).toThrow(words);
});

test.each([
  [undefined],
  [{ query() {} }],
  ['postgres://ann:hidden-word@db/shop'],
  ['mysql://ann:hidden-w#rd/@db:no/shop'],
])('anything but a pool or an address is refused, without showing it: %o', (value) => {
  const make = () => mysqlMessages(value as never);
  expect(make).toThrow(/takes a pool of the package "mysql2" or an address/);
  expect(make).not.toThrow(/hidden/);
});
