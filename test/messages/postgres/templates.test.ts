import { randomUUID } from 'node:crypto';
import { beforeAll, expect, test } from 'vitest';
import { postgresStore } from '../../../src/messages/postgres/pool.js';
import { migrations } from '../../../src/messages/postgres/schema.js';
import type { PostgresMessages } from '../../../src/messages/postgres/store.js';
import type { NewTemplate } from '../../../src/messages/template-store.js';
import { withPostgres } from '../../support/postgres.js';

const database = withPostgres();
let store: PostgresMessages;

beforeAll(async () => {
  store = postgresStore(database.pool(), {}, migrations);
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

test('slugs have one order, whatever the order of the database is', async () => {
  const columns = await database.run(
    `SELECT table_name, collation_name FROM information_schema.columns
    WHERE table_name LIKE 'pushrail_template%' AND column_name = 'slug' ORDER BY table_name`,
  );
  expect(columns).toEqual([
    { table_name: 'pushrail_template_versions', collation_name: 'C' },
    { table_name: 'pushrail_templates', collation_name: 'C' },
  ]);
});

test('neither the time zone of a connection nor the parsers of an application change what is read', async () => {
  const types = { getTypeParser: () => (text: unknown) => text };
  const pool = database.pool({ types, options: '-c TimeZone=Pacific/Auckland -c DateStyle=German' });
  const far = postgresStore(pool, {}, migrations);
  await far.open();
  for (const isActive of [true, false]) {
    const save = template({ isActive });
    const saved = await far.templates.saveTemplate(save, 1_234);
    expect(saved).toEqual({ ...save, version: 1, createdAt: 1_234 });
    expect(await far.templates.getTemplate(save.service, 'welcome')).toEqual(saved);
    expect(await store.templates.listTemplates(save.service, { limit: 1 })).toEqual([saved]);
  }
});

test('stores in schemas of one pool keep their templates apart, also in what connections have prepared', async () => {
  const pool = database.pool({ max: 1 });
  const save = template();
  for (const schema of ['one', 'two']) {
    await database.run(`CREATE SCHEMA ${schema}`);
    const own = postgresStore(pool, { schema }, migrations);
    await own.open();
    const { templates } = own;
    expect(await templates.getTemplate(save.service, 'welcome')).toBeUndefined();
    expect(await templates.saveTemplate({ ...save, content: schema }, 1)).toMatchObject({ version: 1 });
    expect(await templates.getTemplate(save.service, 'welcome')).toMatchObject({ content: schema });
    expect(await templates.setTemplateActive(save.service, 'welcome', false)).toBe(true);
    expect(await templates.listTemplates(save.service, { limit: 9 })).toMatchObject([{ isActive: false }]);
    expect(await templates.removeTemplate(save.service, 'welcome')).toBe(true);
    expect(await templates.getTemplate(save.service, 'welcome', 1)).toMatchObject({ content: schema });
  }
});

test('a slug that PostgreSQL cannot store is refused, and nothing is kept', async () => {
  const save = template({ slug: 'wel\u0000come' });
  await expect(store.templates.saveTemplate(save, 1)).rejects.toMatchObject({
    code: 'VALIDATION',
    message: expect.stringContaining('Nothing has changed.'),
  });
  expect(await store.templates.listTemplates(save.service, { limit: 9 })).toEqual([]);
});
