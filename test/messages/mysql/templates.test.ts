import { randomUUID } from 'node:crypto';
import { beforeAll, expect, test } from 'vitest';
import { mysqlStore } from '../../../src/messages/mysql/pool.js';
import { migrations } from '../../../src/messages/mysql/schema.js';
import type { MysqlMessages } from '../../../src/messages/mysql/store.js';
import type { NewTemplate } from '../../../src/messages/template-store.js';
import { withMysql } from '../../support/mysql.js';

const database = withMysql();
let store: MysqlMessages;

beforeAll(async () => {
  store = mysqlStore(database.pool(), {}, migrations);
  await store.open();
});

/** A template, in a service of its own unless `of` says otherwise. */
function template(of: Partial<NewTemplate> = {}): NewTemplate {
  return { service: `service-${randomUUID()}`, slug: 'welcome', isActive: true, content: '{"texts":{}}', ...of };
}

test('of thirty who save a template at once, each makes a version', async () => {
  const save = template();
  const saved = await Promise.all(Array.from({ length: 30 }, () => store.templates.saveTemplate(save, undefined)));
  const versions = saved.map(({ version }) => version).sort((one, other) => one - other);
  expect(versions).toEqual(Array.from({ length: 30 }, (_, n) => n + 1));
});

test('a pool that counts the rows that have changed does not hide a template that is as it is to be', async () => {
  const own = mysqlStore(database.pool({ flags: ['-FOUND_ROWS'] }), {}, migrations);
  await own.open();
  const { service } = await own.templates.saveTemplate(template(), 1);
  for (const isActive of [true, false, false])
    expect(await own.templates.setTemplateActive(service, 'welcome', isActive)).toBe(true);
  expect(await own.templates.getTemplate(service, 'welcome')).toMatchObject({ isActive: false });
});

test('neither the time zone of a session nor the settings of a pool change what is read', async () => {
  const pool = database.pool({
    ...{ timezone: '+05:00', dateStrings: true, supportBigNumbers: true, bigNumberStrings: true, rowsAsArray: true },
    ...{ decimalNumbers: true, namedPlaceholders: true, nestTables: true, connectionLimit: 1 },
  });
  await pool.query("SET time_zone = '-11:00', sql_mode = 'ANSI_QUOTES,NO_BACKSLASH_ESCAPES,PIPES_AS_CONCAT'");
  const far = mysqlStore(pool, {}, migrations);
  await far.open();
  for (const isActive of [true, false]) {
    const save = template({ isActive, content: `{"texts":{"body":"it's \\"\\\\"}}` });
    const saved = await far.templates.saveTemplate(save, 1_234);
    expect(saved).toEqual({ ...save, version: 1, createdAt: 1_234 });
    expect(await far.templates.getTemplate(save.service, 'welcome')).toEqual(saved);
    expect(await store.templates.listTemplates(save.service, { limit: 1 })).toEqual([saved]);
  }
});

test.each([
  ['slug', { slug: 'x'.repeat(256) }],
  ['service', { service: 'x'.repeat(256) }],
])('a %s that its column does not hold is refused, also without a strict mode', async (name, of) => {
  const pool = database.pool({ connectionLimit: 1 });
  await pool.query("SET sql_mode = ''");
  const lax = mysqlStore(pool, {}, migrations);
  await lax.open();
  await expect(lax.templates.saveTemplate(template(of), 1)).rejects.toMatchObject({
    code: 'VALIDATION',
    message: expect.stringContaining(`"${name}" may have 255 characters, not 256.`),
  });
});

test('a template that is larger than what the database takes is refused, and its number is not lost', async () => {
  const [limit] = await database.run('SELECT @@max_allowed_packet AS bytes');
  const save = template();
  await expect(
    store.templates.saveTemplate({ ...save, content: 'x'.repeat(Number(limit?.['bytes'])) }, 1),
  ).rejects.toMatchObject({ code: 'VALIDATION', message: expect.stringContaining('raise its max_allowed_packet') });
  expect(await store.templates.saveTemplate(save, 1)).toMatchObject({ version: 1 });
});
