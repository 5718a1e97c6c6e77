import { expect, test } from 'vitest';
import { ConfigurationError } from '../../../src/core/errors.js';
import { postgresMessages } from '../../../src/messages/postgres/index.js';
import { postgresStore } from '../../../src/messages/postgres/pool.js';
import { migrations } from '../../../src/messages/postgres/schema.js';
import { withPostgres } from '../../support/postgres.js';
import { claimOf, message, settled } from './new-message.js';

const database = withPostgres();
const later = { name: '0003_colour', statements: ['ALTER TABLE pushrail_messages ADD COLUMN colour text'] };

/** A schema of a test's own. */
async function ownSchema(name: string): Promise<string> {
  await database.run(`CREATE SCHEMA "${name}"`);
  return name;
}

test('a store that does not migrate says what to run, and migrates when it is told to', async () => {
  const schema = await ownSchema('told');
  const store = postgresMessages(database.pool(), { schema, migrate: false });
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
  expect(await database.run('SELECT count(*)::integer AS count FROM told.pushrail_messages')).toEqual([{ count: 1 }]);
});

test('many processes that migrate at once make each step once', async () => {
  const schema = await ownSchema('Crowd');
  const stores = Array.from({ length: 6 }, () => postgresMessages(database.pool({ max: 1 }), { schema }));
  await Promise.all(stores.map((store) => store.open()));
  expect(await database.run('SELECT name FROM "Crowd".pushrail_migrations ORDER BY name')).toEqual([
    { name: '0001_messages' },
    { name: '0002_templates' },
  ]);
});

test('a step that fails leaves nothing, and the one before stays', async () => {
  const schema = await ownSchema('broken');
  const pool = database.pool();
  await postgresMessages(pool, { schema }).open();
  const bad = { name: '0003_bad', statements: [...later.statements, 'SELECT no_such_column'] };
  await expect(postgresStore(pool, { schema }, [...migrations, bad]).open()).rejects.toThrow('no_such_column');
  await expect(pool.query('SELECT colour FROM broken.pushrail_messages')).rejects.toThrow('colour');
  expect(await postgresStore(pool, { schema }, [...migrations, later]).migrate()).toEqual(['0003_colour']);
});

test('a schema that is not there is named, with what to do: no migration makes it', async () => {
  const store = postgresMessages(database.pool(), { schema: 'not_there' });
  await expect(store.open()).rejects.toThrow(
    new ConfigurationError(
      'PostgreSQL: schema "not_there" does not exist. Make the schema, or name another one by the option "schema".',
    ),
  );
});

test('the code of the release before goes on while a newer one migrates, and opens on its schema', async () => {
  const schema = await ownSchema('newer');
  const pool = database.pool({ max: 1 });
  const old = postgresMessages(pool, { schema });
  await old.open();
  const service = 'shop';
  const [before, after] = [message({ service }), message({ service })] as const;
  // Often enough that the connection has prepared its statements, with their plans.
  for (let n = 0; n < 7; n++) await old.insert([message({ service: 'other' })], { now: undefined });
  await old.insert([before], { now: undefined });
  expect(await postgresStore(pool, { schema }, [...migrations, later]).migrate()).toEqual(['0003_colour']);
  await old.insert([after], { now: undefined });
  expect(await old.claim(claimOf('a'))).toHaveLength(2);
  expect(await old.settle([settled(after.id, 'a')], undefined)).toEqual([true]);
  const again = postgresMessages(pool, { schema, migrate: false });
  await again.open();
  expect(await again.get(service, [after.id])).toMatchObject([{ state: 'SENT' }]);
});

test('a database of the release before templates is brought up, and that release goes on', async () => {
  const schema = await ownSchema('before_templates');
  const pool = database.pool({ max: 1 });
  const old = postgresStore(pool, { schema }, migrations.slice(0, 1));
  await old.open();
  await old.insert([message()], { now: undefined });
  await expect(postgresMessages(pool, { schema, migrate: false }).open()).rejects.toMatchObject({
    code: 'CONFIGURATION',
    message: expect.stringContaining('needs the migration "0002_templates": run "pushrail migrate"'),
  });
  await expect(old.templates.getTemplate('shop', 'welcome')).rejects.toMatchObject({
    code: 'CONFIGURATION',
    message: expect.stringContaining('missing or too old: run "pushrail migrate"'),
  });
  const store = postgresStore(pool, { schema }, migrations);
  expect(await store.migrate()).toEqual(['0002_templates']);
  expect(await old.migrate()).toEqual([]);
  await old.insert([message()], { now: undefined });
  expect(await old.claim(claimOf('a'))).toHaveLength(2);
  const save = { service: 'shop', slug: 'welcome', isActive: true, content: '{}' };
  expect(await store.templates.saveTemplate(save, 1)).toEqual({ ...save, version: 1, createdAt: 1 });
});

test('two stores in schemas of one pool keep apart, also in what connections have prepared', async () => {
  const pool = database.pool({ max: 1 });
  const stores = [
    postgresMessages(pool, { schema: await ownSchema('one') }),
    postgresMessages(pool, { schema: await ownSchema('two') }),
  ];
  for (const store of stores) await store.open();
  await stores[0]?.insert([message()], { now: undefined });
  await stores[1]?.insert([message(), message()], { now: undefined });
  expect(await Promise.all(stores.map((store) => store.count({ service: 'shop' })))).toEqual([1, 2]);
});

test('a store whose statements are not prepared does the same', async () => {
  const schema = await ownSchema('unprepared');
  const pool = database.pool({ max: 1 });
  const store = postgresMessages(pool, { schema, prepare: false });
  await store.open();
  await store.insert([message()], { now: undefined });
  expect(await store.claim(claimOf('a'))).toHaveLength(1);
  expect((await pool.query('SELECT * FROM pg_prepared_statements')).rows).toEqual([]);
});

test.each([
  [{ schema: 'a"; DROP' }, '"schema" must be the name of a schema'],
  [{ timeout: 0 }, '"timeout" must be a number of milliseconds'],
  [{ notifiy: true }, 'postgresMessages() has no option "notifiy"; did you mean "notify"?'],
])('wrong options are refused: %o', (options, words) => {
  expect(() => postgresMessages(database.pool(), options as object)).toThrow(words);
});

test.each([
  [undefined],
  [{ query() {} }],
  ['mysql://ann:hidden-word@db/shop'],
  ['postgres://ann:hidden-w#rd/@db:no/shop'],
])('anything but a pool or an address is refused, without showing it: %o', (value) => {
  const make = () => postgresMessages(value as never);
  expect(make).toThrow(/takes a pool of the package "pg" or an address/);
  expect(make).not.toThrow(/hidden/);
});
