import { randomUUID } from 'node:crypto';
import { beforeAll, expect, onTestFinished, test } from 'vitest';
import { mysqlMessages } from '../../../src/messages/mysql/index.js';
import type { MessageStore } from '../../../src/messages/store.js';
import { everythingShown } from '../../support/everything-shown.js';
import { FreezableProxy } from '../../support/freezable-proxy.js';
import { onServer, server, withMysql } from '../../support/mysql.js';
import { freePort } from '../../support/ports.js';
import { message } from '../postgres/new-message.js';

const database = withMysql();
const now = undefined;
let store: MessageStore;

beforeAll(async () => {
  store = mysqlMessages(database.pool());
  await store.open();
});

/** The failure of a promise, in which no password shows. */
async function failureOf(work: Promise<unknown>): Promise<unknown> {
  const failure = await work.then(
    () => expect.fail('it did not fail'),
    (error: unknown) => error,
  );
  expect(everythingShown(failure)).not.toMatch(/hidden|mysql:\/\//);
  return failure;
}

function closedAtEnd(opened: MessageStore): MessageStore {
  onTestFinished(() => opened.close());
  return opened;
}

/** Holds a message, so that whoever changes it waits. @returns how to let it go */
async function locked(id: string): Promise<() => Promise<void>> {
  const blocker = await database.pool({ connectionLimit: 1 }).getConnection();
  await blocker.beginTransaction();
  await blocker.query('SELECT id FROM pushrail_messages WHERE id = ? FOR UPDATE', [id]);
  return async () => {
    await blocker.rollback();
    blocker.release();
  };
}

/** A message that is recorded. */
async function recorded(service: string): Promise<string> {
  const { id } = message();
  await store.insert([message({ id, service })], { now });
  return id;
}

test('a database that cannot be reached is a failure that may pass, without the password', async () => {
  const port = await freePort();
  const unreachable = closedAtEnd(
    mysqlMessages(`mysql://ann:hidden-w%40rd@${server.host}:${port}/shop?password=hidden2`),
  );
  expect(await failureOf(unreachable.open())).toMatchObject({
    code: 'DELIVERY',
    retryable: true,
    outcome: 'rejected',
    message: expect.stringContaining('ECONNREFUSED'),
  });
  expect(everythingShown(unreachable)).not.toContain('hidden');
});

test('a database that is not there, a wrong password and a user without rights are failures of the settings', async () => {
  const { host, port } = server;
  const user = `pr_${randomUUID().slice(0, 8)}`;
  await onServer(`CREATE USER '${user}'@'%' IDENTIFIED BY 'hidden-word'`);
  onTestFinished(() => onServer(`DROP USER '${user}'@'%'`));
  const as = (password: string, name: string) =>
    closedAtEnd(mysqlMessages(`mariadb://${user}:${password}@${host}:${port}/${name}`, { migrate: false }));
  for (const wrong of [as('hidden-wrong', database.name), as('hidden-word', 'no_such_database'), as('hidden-word', '')])
    expect(await failureOf(wrong.open())).toMatchObject({ code: 'CONFIGURATION', retryable: false });
  await onServer(`GRANT INSERT ON ${database.name}.* TO '${user}'@'%'`);
  expect(await failureOf(as('hidden-word', database.name).open())).toMatchObject({
    code: 'CONFIGURATION',
    message: expect.stringMatching(/denied.*Check the user/),
  });
  await onServer(`GRANT ALL ON ${database.name}.* TO '${user}'@'%' WITH MAX_USER_CONNECTIONS 1`);
  const first = as('hidden-word', database.name);
  await first.open();
  expect(await failureOf(as('hidden-word', database.name).open())).toMatchObject({
    code: 'DELIVERY',
    retryable: true,
    message: expect.stringMatching(/Use smaller pools/),
  });
});

test('connections that a restart ends fail no later call for long, and end no process', async () => {
  const pool = database.pool({ connectionLimit: 2 });
  const own = mysqlMessages(pool);
  await own.open();
  await Promise.all([own.count({ service: 'x' }), own.count({ service: 'x' })]);
  const ids = await pool.query('SELECT CONNECTION_ID() AS id');
  for (const { id } of ids[0] as { id: number }[]) await database.run(`KILL ${id}`);
  await expect.poll(() => own.count({ service: 'x' }).catch(() => -1)).toBe(0);
});

test('a statement whose connection is lost may have been carried out, and the next one works', async () => {
  const { proxy, port } = await FreezableProxy.start(server.port);
  onTestFinished(() => proxy.close());
  const far = closedAtEnd(mysqlMessages(database.url(port)));
  await far.open();
  const id = await recorded('lost');
  const release = await locked(id);
  const lost = failureOf(far.retry('lost', id, now));
  await database.lockWait();
  proxy.cut();
  expect(await lost).toMatchObject({ code: 'DELIVERY', retryable: true, outcome: 'unknown' });
  await release();
  await expect.poll(() => far.insert([message({ service: 'found' })], { now }).catch(() => [])).toEqual([undefined]);
});

test('a database that does not answer fails in time, and its connection is not used again', async () => {
  const { proxy, port } = await FreezableProxy.start(server.port);
  onTestFinished(() => proxy.close());
  const far = mysqlMessages(database.pool({ port, connectionLimit: 1 }), { timeout: 1000 });
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
  const pool = database.pool({ connectionLimit: 1 });
  const small = mysqlMessages(pool, { timeout: 500 });
  await small.open();
  const taken = await pool.getConnection();
  const failures = await Promise.all([1, 2, 3].map(() => failureOf(small.count({ service: 'x' }))));
  for (const failure of failures)
    expect(failure).toMatchObject({ code: 'TIMEOUT', outcome: 'rejected', retryable: true });
  taken.release();
  await expect.poll(() => small.count({ service: 'x' }).catch(() => -1)).toBe(0);
  const impatient = database.pool({ connectionLimit: 1, waitForConnections: false });
  const again = await impatient.getConnection();
  expect(await failureOf(mysqlMessages(impatient).open())).toMatchObject({ code: 'DELIVERY', retryable: true });
  again.release();
});

test('a read-only transaction is a failure that may pass', async () => {
  const pool = database.pool({ connectionLimit: 1 });
  const reading = mysqlMessages(pool);
  await reading.open();
  await pool.query('SET SESSION TRANSACTION READ ONLY');
  expect(await reading.count({ service: 'x' })).toBe(0);
  expect(await failureOf(reading.insert([message()], { now }))).toMatchObject({
    code: 'DELIVERY',
    retryable: true,
    outcome: 'rejected',
    message: expect.stringMatching(/connect to the primary server/),
  });
});

test.each([
  [1114, { code: 'DELIVERY', retryable: true, outcome: 'rejected', message: expect.stringMatching(/Make room/) }],
  [1021, { code: 'DELIVERY', retryable: true }],
  [1290, { code: 'DELIVERY', retryable: true, message: expect.stringMatching(/primary server/) }],
  [1040, { code: 'DELIVERY', retryable: true, message: expect.stringMatching(/max_connections/) }],
  [1969, { code: 'TIMEOUT', outcome: 'rejected' }],
  [1644, { code: 'DELIVERY', retryable: false, outcome: 'rejected' }],
])('what MySQL refuses with %i records nothing, and shows nothing of the row', async (number, expected) => {
  await database.run(`CREATE TRIGGER refuses BEFORE INSERT ON pushrail_recipients FOR EACH ROW
    SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'refused', MYSQL_ERRNO = ${number}`);
  try {
    const recipients = { users: ['ann', 'bob'] };
    const refused = message({ service: 'refused', content: 'hidden from errors', recipients });
    expect(await failureOf(store.insert([refused], { now }))).toMatchObject(expected);
  } finally {
    await database.run('DROP TRIGGER refuses');
  }
  expect(await store.count({ service: 'refused' })).toBe(0);
});

test('a message that no packet of the server holds is refused, and the next one is recorded', async () => {
  const large = message({ service: 'large', content: 'x'.repeat(17_000_000) });
  expect(await failureOf(store.insert([large], { now }))).toMatchObject({
    code: 'VALIDATION',
    message: expect.stringMatching(/max_allowed_packet/),
  });
  expect(await store.insert([message({ service: 'large' })], { now })).toEqual([undefined]);
});

test('a lock that another transaction keeps is waited for again', async () => {
  const pool = database.pool({ connectionLimit: 1 });
  const own = mysqlMessages(pool);
  await own.open();
  await pool.query('SET SESSION innodb_lock_wait_timeout = 1');
  const id = await recorded('locked');
  const release = await locked(id);
  const connection = await pool.getConnection();
  const core = Reflect.get(connection, 'connection') as {
    query(statement: { sql: string }, ...rest: unknown[]): unknown;
  };
  const original = core.query;
  let begun = 0;
  core.query = (statement, ...rest) => {
    if (statement.sql === 'START TRANSACTION') begun++;
    return Reflect.apply(original, core, [statement, ...rest]);
  };
  connection.release();
  const retried = own.cancel({ service: 'locked', id }, now);
  await expect.poll(() => begun, { timeout: 5000 }).toBe(2);
  await database.lockWait();
  await release();
  expect(await retried).toEqual([id]);
});

test('a deadlock is tried again', async () => {
  const service = 'deadlock';
  const [one, two] = [await recorded(service), await recorded(service)].sort() as [string, string];
  await database.run('CREATE TABLE weight (n INT)');
  const blocker = await database.pool({ connectionLimit: 1 }).getConnection();
  await blocker.beginTransaction();
  // Of two transactions, the one that has changed more goes on.
  await blocker.query(`INSERT INTO weight VALUES ${new Array(100).fill('(1)').join(', ')}`);
  const lock = (id: string) => blocker.query('SELECT id FROM pushrail_messages WHERE id = ? FOR UPDATE', [id]);
  await lock(two);
  const outcomes = [{ state: 'accepted', channels: ['a'], at: 1 }] as const;
  const appended = store.append([one, two].map((id) => ({ id, outcomes })));
  await database.lockWait();
  await lock(one);
  await blocker.commit();
  blocker.release();
  await appended;
  expect((await store.get(service, [one, two])).map((kept) => kept.outcomes)).toEqual([outcomes, outcomes]);
});

test('a store is closed until it is opened, and again after close()', async () => {
  const own = mysqlMessages(database.url());
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
  const given = mysqlMessages(pool);
  await given.open();
  await given.close();
  expect((await pool.query('SELECT 1 AS one'))[0]).toEqual([{ one: 1 }]);
});
