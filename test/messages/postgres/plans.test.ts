import { randomUUID } from 'node:crypto';
import { Client, type Pool } from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { PostgresStatement } from '../../../src/messages/postgres/index.js';
import { postgresMessages } from '../../../src/messages/postgres/index.js';
import type { MessageStore } from '../../../src/messages/store.js';
import { server, withPostgres } from '../../support/postgres.js';
import { callsOfTemplates } from '../calls-of-templates.js';
import { claimOf, message, settled } from './new-message.js';

const database = withPostgres();
/** The statements that the store has run since the last test, with their values. */
let statements: PostgresStatement[] = [];
let store: MessageStore;
let pool: Pool;

/** Sent long ago, and not due for long, of each as many. */
const ROWS = 20_000;

beforeAll(async () => {
  pool = database.pool({ max: 1 });
  store = postgresMessages(pool);
  await store.open();
  await pool.query(
    `INSERT INTO pushrail_messages (id, service, state, created_at, changed_at, sent_at, send_after, event, priority,
      tag, message_key, condition_name, related, content, details, lease_token, lease_until)
    SELECT gen_random_uuid(), 'shop', state, at, at, at, CASE state WHEN 'SENT' THEN at ELSE now() + interval '9 days' END,
      'order', number % 3, 'tag' || number % 1000, 'key' || number % 1000, CASE WHEN number % 10 = 0 THEN 'unread' END,
      '[]', 'content', '{}', CASE state WHEN 'SENDING' THEN 'somebody' END, CASE state WHEN 'SENDING' THEN now() + '1 day' END
    FROM (
      SELECT number, CASE WHEN number % 10000 = 0 THEN 'SENDING' WHEN number % 2 = 0 THEN 'SENT' ELSE 'WAITING' END AS state,
        now() - number * interval '1 minute' AS at FROM generate_series(1, ${2 * ROWS}) AS number) AS made`,
  );
  await pool.query(
    `INSERT INTO pushrail_recipients (message_id, position, service, user_id, created_at, read_at)
    SELECT id, 1, service, 'user' || row_number() OVER () % 1000, created_at, CASE WHEN random() < 0.9 THEN now() END
    FROM pushrail_messages`,
  );
  await pool.query(
    `INSERT INTO pushrail_related (message_id, service, type, object_id, created_at)
    SELECT id, service, 'order', row_number() OVER () % 1000, created_at FROM pushrail_messages`,
  );
  await pool.query(`INSERT INTO pushrail_outcomes (message_id, outcome) SELECT id, '{}' FROM pushrail_messages`);
  await pool.query(
    `INSERT INTO pushrail_idempotency (service, key, digest, message_id, expires_at)
    SELECT service, id::text, 'd', id, now() + interval '1 day' FROM pushrail_messages`,
  );
  await pool.query(
    `INSERT INTO pushrail_templates (service, slug, version, is_removed)
    SELECT 'shop', 'slug' || number, 2, number % 10 = 0 FROM generate_series(1, ${ROWS}) AS number`,
  );
  await pool.query(
    `INSERT INTO pushrail_template_versions (service, slug, version, is_active, content, created_at)
    SELECT service, slug, number, true, 'content', now() FROM pushrail_templates, generate_series(1, 2) AS number`,
  );
  await pool.query('VACUUM ANALYZE');
  // The pool has one client, which runs them all.
  const client = await pool.connect();
  const original = client.query;
  client.query = ((statement: PostgresStatement) => {
    statements.push(statement);
    return Reflect.apply(original, client, [statement]);
  }) as typeof client.query;
  client.release();
});

const explainer = new Client({ ...server, database: database.name });
beforeAll(() => explainer.connect());
afterAll(() => explainer.end());

/** Whether a statement does more than to begin or to end a transaction. */
function isOwn({ text }: PostgresStatement): boolean {
  return !/^(?:START TRANSACTION|COMMIT)/.test(text);
}

/** The steps of a statement's plan, for its values and for any values. */
async function plansOf({ text, values = [] }: PostgresStatement): Promise<readonly string[]> {
  const plans: string[] = [];
  for (const mode of ['force_custom_plan', 'force_generic_plan']) {
    const name = `plan_${randomUUID().replaceAll('-', '')}`;
    await explainer.query(`SET plan_cache_mode = ${mode}`);
    await explainer.query(`PREPARE ${name} AS ${text}`);
    const literals = values.map((value) => literal(value));
    const call = literals.length === 0 ? name : `${name}(${literals.join(', ')})`;
    const { rows } = await explainer.query(`EXPLAIN EXECUTE ${call}`);
    plans.push(rows.map((row) => row['QUERY PLAN']).join('\n'));
  }
  return plans;
}

function literal(value: unknown): string {
  if (value === null) return 'NULL';
  if (Array.isArray(value)) return `'{${value.map((item) => JSON.stringify(String(item))).join(',')}}'`;
  return explainer.escapeLiteral(String(value));
}

const service = 'shop';
const someone = { service, user: 'user7' } as const;
const calls: readonly (readonly [string, () => Promise<unknown>])[] = [
  ['claim', () => store.claim(claimOf(randomUUID(), { conditions: ['unread'] }))],
  [
    'claim by id',
    () => store.claim(claimOf(randomUUID(), { conditions: ['unread'], ids: [randomUUID(), randomUUID()] })),
  ],
  ['due', () => store.due({ service, conditions: ['unread'], limit: 100, graceMs: 5_000, now: undefined })],
  ['begin', () => store.begin('a', [randomUUID()])],
  ['renew', () => store.renew({ token: 'a', ms: 1000 }, [randomUUID(), randomUUID()], undefined)],
  ['append', () => store.append([{ id: randomUUID(), outcomes: [] }])],
  ['settle', () => store.settle([settled(randomUUID(), 'a'), settled(randomUUID(), 'a')], undefined)],
  [
    'purge',
    () => store.purge({ service, ages: { SENT: 9e10, ERROR: 9e10, CANCELLED: 1 }, limit: 100, now: undefined }),
  ],
  ['unclaimed', () => store.unclaimed(service, ['other'], undefined)],
  ['insert', () => store.insert([message({ idempotency: { key: 'k', digest: 'd', ttlMs: 1 } })], { now: undefined })],
  ['get', () => store.get(service, [randomUUID()])],
  ['find', () => store.find({ service }, { limit: 10 })],
  ['find by tag', () => store.find({ service, tag: 'tag7' }, { limit: 10 })],
  [
    'find by tag, another page',
    () => store.find({ service, tag: 'tag7' }, { limit: 10, cursor: `1764333333123_${randomUUID()}` }),
  ],
  ['find by key', () => store.find({ service, key: 'key7' }, { limit: 10 })],
  ['find by state', () => store.find({ service, states: ['ERROR'] }, { limit: 10 })],
  ['find by recipient', () => store.find({ service, recipient: 'user7' }, { limit: 10 })],
  ['find by related object', () => store.find({ service, relatedTo: { type: 'order', id: '7' } }, { limit: 10 })],
  ['cancel by key', () => store.cancel({ service, key: 'no-such-key' }, undefined)],
  ['cancel by id', () => store.cancel({ service, id: randomUUID() }, undefined)],
  ['retry', () => store.retry(service, randomUUID(), undefined)],
  ['unread', () => store.unread(service, 'user7', { limit: 10 })],
  ['unreadCount', () => store.unreadCount(service, 'user7')],
  ['markRead', () => store.markRead({ ...someone, ids: [randomUUID()] }, undefined)],
  ['markRead by tag', () => store.markRead({ ...someone, tag: 'tag7' }, undefined)],
  [
    'markRead by related object',
    () => store.markRead({ ...someone, relatedTo: { type: 'order', id: '7' } }, undefined),
  ],
  ['readers', () => store.readers([randomUUID()])],
  ['erase', () => store.erase(service, 'nobody')],
  ...callsOfTemplates(() => store.templates),
];

describe('among 40 000 messages that are sent or not due, no table is read from end to end', () => {
  test.each(calls)('by %s', async (_name, call) => {
    statements = [];
    await call();
    const run = statements.filter(isOwn);
    expect(run.length).toBeGreaterThan(0);
    for (const statement of run) {
      for (const plan of await plansOf(statement)) expect(plan).not.toMatch(/Seq Scan on pushrail_/);
    }
  });
});

test('messages are settled by their ids, and not by the index of leases, which holds those of the past too', async () => {
  statements = [];
  await store.settle([settled(randomUUID(), 'a'), settled(randomUUID(), 'a')], undefined);
  const [statement] = statements;
  if (statement === undefined) throw new Error('nothing was run');
  for (const plan of await plansOf(statement)) expect(plan).toContain('Index Scan using pushrail_messages_pkey');
});

test('claims and settlements that were planned while the table was new look each message up', async () => {
  await explainer.query('CREATE SCHEMA empty');
  const fresh = postgresMessages(pool, { schema: 'empty' });
  await fresh.open();
  statements = [];
  await fresh.claim(claimOf(randomUUID()));
  await fresh.settle([settled(randomUUID(), 'a'), settled(randomUUID(), 'a')], undefined);
  expect(statements).toHaveLength(2);
  for (const statement of statements) {
    const [, forAnyValues] = await plansOf(statement);
    expect(forAnyValues).toContain('Index Scan using pushrail_messages_pkey');
    expect(forAnyValues).not.toContain('Seq Scan');
  }
});

test('templates that were looked for while the tables were new are looked up by an index ever after', async () => {
  await explainer.query('CREATE SCHEMA templates');
  const fresh = postgresMessages(pool, { schema: 'templates' });
  await fresh.open();
  statements = [];
  for (const [, call] of callsOfTemplates(() => fresh.templates)) await call();
  await fresh.templates?.setTemplateActive(service, 'slug9', false);
  const run = statements.filter(isOwn);
  expect(run).toHaveLength(9);
  for (const statement of run) {
    const [, forAnyValues] = await plansOf(statement);
    expect(forAnyValues).not.toContain('Seq Scan');
  }
});
