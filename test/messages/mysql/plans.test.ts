import { randomUUID } from 'node:crypto';
import type { Pool } from 'mysql2/promise';
import { beforeAll, describe, expect, test } from 'vitest';
import { mysqlMessages } from '../../../src/messages/mysql/index.js';
import type { MessageStore } from '../../../src/messages/store.js';
import { withMysql } from '../../support/mysql.js';
import { callsOfTemplates } from '../calls-of-templates.js';
import { claimOf, message, settled } from '../postgres/new-message.js';

interface Statement {
  readonly sql: string;
  readonly values?: (string | number | null)[];
}

const database = withMysql();
/** The statements that the store has run since the last test, with their values. */
let statements: Statement[] = [];
let store: MessageStore;
let pool: Pool;

/** Sent long ago, and not due for long, of each half as many. */
const ROWS = 40_000;
/** Most rows that a plan may expect to read: those of one tag, one key or one user are some forty. */
const MOST_ROWS = 400;

const digits =
  '(SELECT 0 n UNION SELECT 1 UNION SELECT 2 UNION SELECT 3 UNION SELECT 4 UNION SELECT 5 UNION SELECT 6 UNION SELECT 7 UNION SELECT 8 UNION SELECT 9)';
const numbers = `(SELECT a.n + 10 * b.n + 100 * c.n + 1000 * d.n + 10000 * e.n AS number
  FROM ${digits} a, ${digits} b, ${digits} c, ${digits} d, ${digits} e WHERE e.n < 4) AS numbers`;

beforeAll(async () => {
  pool = database.pool({ connectionLimit: 1 });
  store = mysqlMessages(pool);
  await store.open();
  const now = Date.now();
  const at = `${now} - number * 60000`;
  const state = `CASE WHEN number % 10000 = 0 THEN 'SENDING' WHEN number % 2 = 0 THEN 'SENT' ELSE 'WAITING' END`;
  await pool.query(
    `INSERT INTO pushrail_messages (id, service, state, created_at, changed_at, sent_at, send_after, event, priority,
      tag, message_key, condition_name, related, content, details, lease_token, lease_until, user_id, read_at)
    SELECT UUID(), 'shop', ${state}, ${at}, ${at}, ${at}, IF(${state} = 'SENT', ${at}, ${now + 9 * 86_400_000}),
      CONCAT('event', number % 1000), number % 3, CONCAT('tag', number % 1000), CONCAT('key', number % 1000),
      IF(number % 10 = 1, 'unread', NULL), '[]', 'content', '{}', IF(${state} = 'SENDING', 'somebody', NULL),
      IF(${state} = 'SENDING', ${now + 86_400_000}, NULL),
      IF(number DIV 1000 % 2 = 0, CONCAT('user', number % 1000), NULL), IF(RAND() < 0.9, 1, NULL) FROM ${numbers}`,
  );
  await pool.query(
    `INSERT INTO pushrail_recipients (message_id, position, service, user_id, created_at, read_at)
    SELECT id, 0, service, CONCAT('user', SUBSTR(tag, 4)), created_at, IF(RAND() < 0.9, 1, NULL) FROM pushrail_messages
    WHERE user_id IS NULL`,
  );
  await pool.query(
    `INSERT INTO pushrail_related (message_id, service, type, object_id, created_at)
    SELECT id, service, 'order', SUBSTR(tag, 4), created_at FROM pushrail_messages`,
  );
  await pool.query(`INSERT INTO pushrail_outcomes (message_id, outcome) SELECT id, '{}' FROM pushrail_messages`);
  await pool.query(
    `INSERT INTO pushrail_idempotency (service, \`key\`, digest, message_id, expires_at)
    SELECT service, id, 'd', id, ${now + 86_400_000} FROM pushrail_messages`,
  );
  await pool.query(
    `INSERT INTO pushrail_templates (service, slug, version, is_removed)
    SELECT 'shop', CONCAT('slug', number), 2, number % 10 = 1 FROM ${numbers}`,
  );
  await pool.query(
    `INSERT INTO pushrail_template_versions (service, slug, version, is_active, content, created_at)
    SELECT service, slug, number, 1, 'content', 1 FROM pushrail_templates, (SELECT 1 number UNION SELECT 2) AS two`,
  );
  await pool.query(
    'ANALYZE TABLE pushrail_messages, pushrail_recipients, pushrail_related, pushrail_outcomes, pushrail_idempotency, pushrail_templates, pushrail_template_versions',
  );
  // The pool has one connection, which runs them all.
  const taken = await pool.getConnection();
  const core = Reflect.get(taken, 'connection') as { execute(statement: Statement, ...rest: unknown[]): unknown };
  const original = core.execute;
  core.execute = (statement, ...rest) => {
    statements.push(statement);
    return Reflect.apply(original, core, [statement, ...rest]);
  };
  taken.release();
});

const explainer = database.pool({ connectionLimit: 1 });

interface Step {
  readonly table: string | null;
  readonly type: string | null;
  readonly key: string | null;
  readonly rows: number | null;
  readonly Extra: string | null;
}

/** The steps of a statement's plan that read tables of the store. */
async function planOf({ sql, values = [] }: Statement): Promise<readonly Step[]> {
  const [rows] = await explainer.execute(`EXPLAIN ${sql}`, values);
  return (rows as Step[]).filter(({ table, type }) => table !== null && type !== null && !table.startsWith('<'));
}

const service = 'shop';
const someone = { service, user: 'user7' } as const;
const about = { type: 'order', id: '7' } as const;
/** A cursor in the middle. */
const later = `${Date.now() - 20_000 * 60_000}_${randomUUID()}`;
const held = (id: string) => ({ id, lease: { token: 'a', ms: 60_000 } });
const calls: readonly (readonly [string, () => Promise<unknown>])[] = [
  ['claim of nothing', () => store.claim(claimOf(randomUUID(), { conditions: ['unread'] }))],
  [
    'claim of what is due',
    async () => {
      await store.insert([message({ priority: 'low' })], { now: undefined });
      await store.claim(claimOf(randomUUID(), { conditions: ['unread'] }));
    },
  ],
  [
    'claim of what has expired',
    async () => {
      await store.insert([message(held(randomUUID()))], { now: Date.now() - 3_600_000 });
      await store.claim(claimOf(randomUUID()));
    },
  ],
  [
    'claim by id of what is due',
    async () => {
      const { id } = message();
      await store.insert([message({ id })], { now: undefined });
      await store.claim(claimOf(randomUUID(), { conditions: ['unread'], ids: [id, randomUUID()] }));
    },
  ],
  [
    'claim by id of what has expired',
    async () => {
      const id = randomUUID();
      await store.insert([message(held(id))], { now: Date.now() - 3_600_000 });
      await store.claim(claimOf(randomUUID(), { ids: [id] }));
    },
  ],
  ['due', () => store.due({ service, conditions: ['unread'], limit: 100, graceMs: 5_000, now: undefined })],
  ['begin', () => store.begin('a', [randomUUID(), randomUUID()])],
  ['renew', () => store.renew({ token: 'a', ms: 1000 }, [randomUUID(), randomUUID()], undefined)],
  [
    'append',
    async () => {
      const { id } = message();
      await store.insert([message({ id })], { now: undefined });
      await store.append([{ id, outcomes: [{ state: 'accepted', channels: ['a'], at: 1 }] }]);
    },
  ],
  ['settle', () => store.settle([settled(randomUUID(), 'a'), settled(randomUUID(), 'a')], undefined)],
  [
    'purge',
    () => store.purge({ service, ages: { SENT: 9e10, ERROR: 9e10, CANCELLED: 1 }, limit: 100, now: undefined }),
  ],
  ['unclaimed', () => store.unclaimed(service, ['other'], undefined)],
  ['insert', () => store.insert([message({ idempotency: { key: 'k', digest: 'd', ttlMs: 1 } })], { now: undefined })],
  ['get', () => store.get(service, [randomUUID()])],
  ['find by tag', () => store.find({ service, tag: 'tag7' }, { limit: 10 })],
  ['find by tag, another page', () => store.find({ service, tag: 'tag7' }, { limit: 10, cursor: later })],
  ['find by key', () => store.find({ service, key: 'key7' }, { limit: 10 })],
  ['find by event', () => store.find({ service, event: 'event7' }, { limit: 10 })],
  ['find by event and recipient', () => store.find({ service, event: 'event7', recipient: 'user7' }, { limit: 10 })],
  ['find by recipient, another page', () => store.find({ service, recipient: 'user7' }, { limit: 10, cursor: later })],
  [
    'find by recipient and related object',
    () => store.find({ service, recipient: 'user7', relatedTo: about, states: ['SENT'] }, { limit: 10 }),
  ],
  [
    'find by time',
    () => store.find({ service, since: Date.now() - 4 * 3_600_000, until: Date.now() - 3_600_000 }, { limit: 10 }),
  ],
  ['count by tag', () => store.count({ service, tag: 'tag7' })],
  ['count by recipient', () => store.count({ service, recipient: 'user7' })],
  ['find by state', () => store.find({ service, states: ['ERROR'] }, { limit: 10 })],
  ['find by recipient', () => store.find({ service, recipient: 'user7' }, { limit: 10 })],
  ['find by related object', () => store.find({ service, relatedTo: about }, { limit: 10 })],
  ['cancel by key', () => store.cancel({ service, key: 'key7' }, 1)],
  ['cancel by id', () => store.cancel({ service, id: randomUUID() }, undefined)],
  ['retry', () => store.retry(service, randomUUID(), undefined)],
  ['unread', () => store.unread(service, 'user7', { limit: 10 })],
  ['unread, another page', () => store.unread(service, 'user7', { limit: 10, cursor: later })],
  ['unreadCount', () => store.unreadCount(service, 'user7')],
  ['markRead', () => store.markRead({ ...someone, ids: [randomUUID()] }, undefined)],
  ['markRead by tag', () => store.markRead({ ...someone, tag: 'tag7' }, undefined)],
  [
    'markRead by related object',
    () => store.markRead({ service, user: 'user8', relatedTo: { ...about, id: '8' } }, undefined),
  ],
  ['readers', () => store.readers([randomUUID()])],
  ['erase', () => store.erase(service, 'user9')],
  ...callsOfTemplates(() => store.templates).filter(([name]) => name !== 'listTemplates'),
];

describe(`among ${ROWS} messages that are sent or not due, each statement reads a range of an index`, () => {
  test.each(calls)('by %s', async (_name, call) => {
    statements = [];
    await call();
    const run = [...statements];
    expect(run.length).toBeGreaterThan(0);
    for (const statement of run) {
      for (const step of await planOf(statement)) {
        // A table of the store's that is written is not read.
        if (/^\s*INSERT/.test(statement.sql) && step.type === 'ALL' && step.rows === null) continue;
        expect(step.type, `${JSON.stringify(step)} of ${statement.sql}`).not.toMatch(/^(?:ALL|index)$/);
        expect(Number(step.rows), `${JSON.stringify(step)} of ${statement.sql}`).toBeLessThan(MOST_ROWS);
      }
    }
  });

  test('by find of all, the newest first, in the order of an index', async () => {
    statements = [];
    await store.find({ service }, { limit: 10 });
    const [step] = await planOf(statements[0] as Statement);
    expect(step).toMatchObject({ key: 'pushrail_messages_created' });
    expect(step?.Extra ?? '').not.toContain('filesort');
  });

  test('by listTemplates, in the order of an index', async () => {
    statements = [];
    await store.templates?.listTemplates(service, { limit: 10, after: 'slug7' });
    const [first, ...others] = await planOf(statements[0] as Statement);
    expect(first).toMatchObject({ table: 't', type: 'range', key: 'PRIMARY' });
    expect(first?.Extra ?? '').not.toContain('filesort');
    expect(others).toMatchObject([{ table: 'v', type: 'eq_ref', key: 'PRIMARY' }]);
  });
});
