import { setTimeout as pause } from 'node:timers/promises';
import { PushError } from 'pushrail';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { whenAllEnded } from './account.js';
import { counted } from './counted.js';
import { storeAt } from './databases.js';
import { OwnMysql } from './own-mysql.js';
import { Provider } from './provider.js';
import { survivesRestarts } from './restarts.js';
import { numbered, startService } from './service.js';

// All on one server of their own, whose settings they change.

let server: OwnMysql;

beforeAll(async () => {
  server = await OwnMysql.start();
}, 120_000);

afterAll(() => server.end());

/** Makes a database of a test's own, and a user with all rights in it, but none over the server. @returns its address */
async function addressOf(name: string): Promise<string> {
  await server.run(`CREATE DATABASE ${name}`, `CREATE USER '${name}'@'%'`, `GRANT ALL ON ${name}.* TO '${name}'@'%'`);
  return server.addressFor(name).replace(/push$/, name);
}

test('MariaDB that is restarted in the middle loses nothing, and nothing comes twice', async () => {
  await survivesRestarts(server);
}, 300_000);

test('MariaDB that is set to read-only fails calls with an error that says so, and works on afterwards', async () => {
  const provider = await Provider.start();
  const { store, calls } = counted(storeAt(await addressOf('reading')));
  const { push, lines } = startService(provider, store);
  await push.send({ event: 'before', channels: ['a'] });
  await server.run('SET GLOBAL read_only = 1');
  for (const message of numbered(3))
    await expect(push.send(message)).rejects.toMatchObject({
      ...{ code: 'DELIVERY', retryable: true, outcome: 'rejected' },
      message: expect.stringContaining('The database is read-only: connect to the primary server.'),
    });
  // Nothing of them was recorded, and who looks for work is not in its way.
  expect(await push.messages.count()).toBe(1);
  const before = calls.get('claim') ?? 0;
  await pause(200);
  expect((calls.get('claim') ?? 0) - before).toBeLessThan(20);
  await server.run('SET GLOBAL read_only = 0');
  for (const message of numbered(3)) expect((await push.send(message)).status).toBe('accepted');
  expect(await whenAllEnded(store)).toHaveLength(4);
  expect(provider.arrivals).toHaveLength(4);
  expect(lines.filter(({ level }) => level === 'error').length).toBeLessThanOrEqual(1);
}, 60_000);

test('connections that wait_timeout closes while nobody uses them fail no call', async () => {
  const address = await addressOf('idle');
  await server.run('SET GLOBAL wait_timeout = 1');
  const provider = await Provider.start();
  const store = storeAt(address);
  const { push } = startService(provider, store, { worker: false });
  await Promise.all(numbered(5).map((message) => push.send(message)));
  await server.whenIdle('idle');
  await Promise.all(numbered(5).map(async (message) => expect((await push.send(message)).status).toBe('accepted')));
  expect(await store.count({ service: 'default' })).toBe(10);
  expect(provider.arrivals).toHaveLength(10);
  await server.run('SET GLOBAL wait_timeout = DEFAULT');
}, 60_000);

test('a message that is larger than max_allowed_packet is refused at once, and the others are recorded', async () => {
  const address = await addressOf('small');
  await server.run('SET GLOBAL max_allowed_packet = 65536');
  const provider = await Provider.start();
  const { store, calls } = counted(storeAt(address));
  const { push } = startService(provider, store);
  const large = { event: 'n', channels: ['a'], data: 'x'.repeat(100_000) };
  const all = await Promise.allSettled([large, ...numbered(3)].map((message) => push.send(message)));
  expect(all.map(({ status }) => status)).toEqual(['rejected', 'fulfilled', 'fulfilled', 'fulfilled']);
  const [{ reason }] = all as [PromiseRejectedResult];
  expect(PushError.isPushError(reason) && [reason.code, reason.retryable]).toEqual(['VALIDATION', false]);
  expect(reason).toMatchObject({ message: expect.stringContaining('raise its max_allowed_packet') });
  // Together, and each of the four by itself: no try is made again.
  expect(calls.get('insert')).toBeLessThanOrEqual(5);
  expect(await whenAllEnded(store)).toHaveLength(3);
  expect(provider.arrivals).toHaveLength(3);
  await server.run('SET GLOBAL max_allowed_packet = DEFAULT');
}, 60_000);
