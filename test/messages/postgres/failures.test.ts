import { randomUUID } from 'node:crypto';
import { Client } from 'pg';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { postgresMessages } from '../../../src/messages/postgres/index.js';
import type { MessageStore } from '../../../src/messages/store.js';
import { everythingShown } from '../../support/everything-shown.js';
import { FreezableProxy } from '../../support/freezable-proxy.js';
import { freePort } from '../../support/ports.js';
import { onServer, server, withPostgres } from '../../support/postgres.js';
import { claimOf, idsOf, message, settled } from './new-message.js';

const database = withPostgres();
const now = undefined;
let store: MessageStore;

beforeAll(async () => {
  store = postgresMessages(database.pool());
  await store.open();
});

afterAll(() => store.close());

/** The failure of a promise, in which no password shows. */
async function failureOf(work: Promise<unknown>): Promise<unknown> {
  const failure = await work.then(
    () => expect.fail('it did not fail'),
    (error: unknown) => error,
  );
  expect(everythingShown(failure)).not.toMatch(/hidden|postgres:\/\//);
  return failure;
}

function closedAtEnd(opened: MessageStore): MessageStore {
  onTestFinished(() => opened.close());
  return opened;
}

test('a database that cannot be reached is a failure that may pass, without the password', async () => {
  const port = await freePort();
  const { host } = server;
  const unreachable = closedAtEnd(
    postgresMessages(`postgres://ann:hidden-w%40rd@${host}:${port}/shop?password=hidden2`),
  );
  expect(await failureOf(unreachable.open())).toMatchObject({
    code: 'DELIVERY',
    retryable: true,
    outcome: 'rejected',
    message: expect.stringContaining('ECONNREFUSED'),
  });
  expect(everythingShown(unreachable)).not.toContain('hidden');
});

test('a database that is not there, and a user without rights, are failures of the settings', async () => {
  const { host, port, user } = server;
  const nowhere = closedAtEnd(postgresMessages(`postgres://${user}:hidden-word@${host}:${port}/no_such_database`));
  expect(await failureOf(nowhere.open())).toMatchObject({ code: 'CONFIGURATION', retryable: false });
  const role = `pushrail_role_${randomUUID().replaceAll('-', '')}`;
  await onServer(`CREATE ROLE ${role} LOGIN PASSWORD 'hidden-word'`);
  onTestFinished(() => onServer(`DROP ROLE ${role}`));
  const poor = closedAtEnd(
    postgresMessages(`postgres://${role}:hidden-word@${host}:${port}/${database.name}`, { migrate: false }),
  );
  expect(await failureOf(poor.open())).toMatchObject({
    code: 'CONFIGURATION',
    message: expect.stringMatching(/permission denied/),
  });
  await onServer(`ALTER ROLE ${role} CONNECTION LIMIT 0`);
  const crowded = closedAtEnd(postgresMessages(`postgres://${role}:hidden-word@${host}:${port}/${database.name}`));
  expect(await failureOf(crowded.open())).toMatchObject({
    code: 'DELIVERY',
    retryable: true,
    message: expect.stringMatching(/too many/),
  });
});

test('connections that a restart ends fail no later call, and end no process', async () => {
  const own = closedAtEnd(postgresMessages(database.url()));
  await own.open();
  const waiting = await Promise.all([own.count({ service: 'x' }), own.count({ service: 'x' })]);
  expect(waiting).toEqual([0, 0]);
  await database.run(
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1 AND application_name = 'pushrail'",
    [database.name],
  );
  await expect.poll(() => own.count({ service: 'x' }).catch(() => -1)).toBe(0);
});

test('a statement whose connection is lost may have been carried out, and the next one works', async () => {
  const { proxy, port } = await FreezableProxy.start(server.port);
  onTestFinished(() => proxy.close());
  const far = closedAtEnd(postgresMessages(database.url(port)));
  await far.open();
  const blocker = await database.pool({ max: 1 }).connect();
  await blocker.query('BEGIN');
  await blocker.query('LOCK TABLE pushrail_messages');
  const lost = failureOf(far.insert([message({ service: 'lost' })], { now }));
  const isWaiting = "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
  await expect.poll(() => database.run(isWaiting)).not.toHaveLength(0);
  proxy.cut();
  expect(await lost).toMatchObject({ code: 'DELIVERY', retryable: true, outcome: 'unknown' });
  await blocker.query('COMMIT');
  blocker.release();
  expect(await far.insert([message({ service: 'found' })], { now })).toEqual([undefined]);
});

test('a database that does not answer fails in time, and its connection is not used again', async () => {
  const { proxy, port } = await FreezableProxy.start(server.port);
  onTestFinished(() => proxy.close());
  const pool = database.pool({ port, max: 1 });
  const far = closedAtEnd(postgresMessages(pool, { timeout: 1000 }));
  await far.open();
  proxy.freeze();
  expect(await failureOf(far.count({ service: 'x' }))).toMatchObject({
    code: 'TIMEOUT',
    outcome: 'unknown',
    message: expect.stringMatching(/did not answer within 1000 ms/),
  });
  expect(await failureOf(far.count({ service: 'x' }))).toMatchObject({
    code: 'TIMEOUT',
    outcome: 'rejected',
    message: expect.stringMatching(/gave no connection within 1000 ms/),
  });
  proxy.thaw();
  await expect.poll(() => far.count({ service: 'x' }).catch(() => -1)).toBe(0);
});

test('a pool without a free connection fails in time, and none is lost', async () => {
  const pool = database.pool({ max: 1 });
  const small = postgresMessages(pool, { timeout: 500 });
  await small.open();
  const taken = await pool.connect();
  const failures = await Promise.all([1, 2, 3].map(() => failureOf(small.count({ service: 'x' }))));
  for (const failure of failures)
    expect(failure).toMatchObject({ code: 'TIMEOUT', outcome: 'rejected', retryable: true });
  taken.release();
  await expect.poll(() => pool.idleCount).toBe(1);
  expect(pool.waitingCount).toBe(0);
  expect(await small.count({ service: 'x' })).toBe(0);
  const impatient = database.pool({ max: 1, connectionTimeoutMillis: 500 });
  const again = await impatient.connect();
  expect(await failureOf(postgresMessages(impatient).open())).toMatchObject({ code: 'TIMEOUT', outcome: 'rejected' });
  again.release();
});

test('a read-only database is a failure that may pass', async () => {
  const reading = postgresMessages(database.pool({ options: '-c default_transaction_read_only=on' }));
  await reading.open();
  expect(await reading.count({ service: 'x' })).toBe(0);
  expect(await failureOf(reading.insert([message()], { now }))).toMatchObject({
    code: 'DELIVERY',
    retryable: true,
    outcome: 'rejected',
    message: expect.stringMatching(/connect to the primary server/),
  });
});

test.each([
  [
    '53100',
    { code: 'DELIVERY', retryable: true, outcome: 'rejected', message: expect.stringMatching(/Make room on the disk/) },
  ],
  ['53200', { code: 'DELIVERY', retryable: true }],
  ['P0001', { code: 'DELIVERY', retryable: false, outcome: 'rejected' }],
])('what PostgreSQL refuses with %s records nothing, and shows nothing of the row', async (code, expected) => {
  await database.run(`CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    RAISE EXCEPTION 'refused' USING ERRCODE = '${code}', DETAIL = NEW.content; END $$`);
  await database.run(
    'CREATE TRIGGER refuses BEFORE INSERT ON pushrail_messages FOR EACH ROW EXECUTE FUNCTION refuse()',
  );
  try {
    const refused = message({ service: 'refused', content: 'hidden from errors' });
    expect(await failureOf(store.insert([refused], { now }))).toMatchObject(expected);
  } finally {
    await database.run('DROP FUNCTION refuse() CASCADE');
  }
  expect(await store.count({ service: 'refused' })).toBe(0);
  expect(await database.run("SELECT FROM pushrail_recipients WHERE service = 'refused'")).toEqual([]);
});

test("the database's own time limit is a failure that changes nothing", async () => {
  const limited = postgresMessages(database.pool({ statement_timeout: 100 }));
  await limited.open();
  const blocker = await database.pool({ max: 1 }).connect();
  await blocker.query('BEGIN');
  await blocker.query('LOCK TABLE pushrail_messages');
  expect(await failureOf(limited.count({ service: 'x' }))).toMatchObject({ code: 'TIMEOUT', outcome: 'rejected' });
  await blocker.query('COMMIT');
  blocker.release();
});

test.each(['serializable', 'repeatable read'])(
  'many workers claim and settle each message once, also where transactions are %s',
  async (level) => {
    const service = level;
    const messages = Array.from({ length: 200 }, () => message({ service }));
    const options = `-c default_transaction_isolation=${level.replaceAll(' ', '\\ ')}`;
    const busy = postgresMessages(database.pool({ options, max: 8 }));
    await busy.open();
    await busy.insert(messages, { now });
    const claimed: string[] = [];
    const work = async () => {
      for (;;) {
        const token = randomUUID();
        const retried = async <Result>(call: () => Promise<Result>): Promise<Result> => {
          try {
            return await call();
          } catch (error) {
            expect(error).toMatchObject({ retryable: true });
            return retried(call);
          }
        };
        const mine = await retried(() => busy.claim(claimOf(token, { service })));
        if (mine.length === 0) return;
        claimed.push(...idsOf(mine));
        const ended = await retried(() =>
          busy.settle(
            mine.map(({ id }) => settled(id, token)),
            now,
          ),
        );
        expect(ended.every(Boolean)).toBe(true);
      }
    };
    await Promise.all(Array.from({ length: 6 }, work));
    expect(claimed.toSorted()).toEqual(idsOf(messages).toSorted());
    expect(await busy.count({ service, states: ['SENT'] })).toBe(200);
  },
);

test('a transaction that has failed already says so', async () => {
  const client = new Client({ ...server, database: database.name });
  await client.connect();
  onTestFinished(() => client.end());
  await client.query('BEGIN');
  await client.query('SELECT no_such_column').catch(() => {});
  expect(await failureOf(store.insert([message()], { now, transaction: client }))).toMatchObject({
    code: 'DELIVERY',
    retryable: false,
    message: expect.stringMatching(/roll the transaction back/),
  });
});

test('a store is closed until it is opened, and again after close()', async () => {
  const own = postgresMessages(database.url());
  expect(await failureOf(own.count({ service: 'x' }))).toMatchObject({
    code: 'CONFIGURATION',
    message: expect.stringMatching(/call its open/),
  });
  await own.open();
  expect(await own.count({ service: 'x' })).toBe(0);
  await own.close();
  await own.close();
  expect(await failureOf(own.count({ service: 'x' }))).toMatchObject({ code: 'CONFIGURATION' });
  await own.open();
  expect(await own.count({ service: 'x' })).toBe(0);
  await own.close();
  const pool = database.pool();
  const given = postgresMessages(pool);
  await given.open();
  await given.close();
  expect((await pool.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
});
