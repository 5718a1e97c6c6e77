import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import type { MessageStore } from 'pushrail';
import { memoryMessages } from 'pushrail/messages/memory';
import { postgresMessages } from 'pushrail/messages/postgres';
import { sqliteMessages } from 'pushrail/messages/sqlite';
import { describe, expect, test, vi } from 'vitest';
import { withPostgres } from '../support/postgres.js';
import { whenAllEnded } from './account.js';
import { counted } from './counted.js';
import { newDirectory } from './directory.js';
import { Provider } from './provider.js';
import { numbered, startService } from './service.js';

const hourMs = 3_600_000;
const pollMs = 20;
const database = withPostgres();

/** The clock of this machine, set to another time: its timers run as before. */
class SetClock {
  byMs = 0;

  now(): number {
    return Date.now() + this.byMs;
  }

  after(ms: number, run: () => void): () => void {
    const timer = setTimeout(run, ms).unref();
    return () => clearTimeout(timer);
  }
}

async function inSchemaOfItsOwn(): Promise<MessageStore> {
  const schema = `s${randomUUID().replaceAll('-', '')}`;
  await database.run(`CREATE SCHEMA ${schema}`);
  return postgresMessages(database.pool(), { schema });
}

const stores: readonly [string, () => MessageStore | Promise<MessageStore>][] = [
  ['memory', () => memoryMessages()],
  ['SQLite', () => sqliteMessages({ file: join(newDirectory(), 'push.db') })],
  ['PostgreSQL', inSchemaOfItsOwn],
];

describe.each(stores)('with messages in %s', (_name, makeStore) => {
  /** A service with ten messages under way, and some that wait. */
  async function start() {
    const provider = await Provider.start(1_000);
    const { store, calls } = counted(await makeStore());
    const clock = new SetClock();
    const { push } = startService(provider, store, {
      ...{ clock, worker: { poll: `${pollMs}ms`, lease: '3s' }, recording: { retryDelays: ['300ms'] } },
    });
    await provider.goAway();
    // It failed, and is tried again.
    expect((await push.send({ event: 'n', channels: ['a'] })).status).toBe('waiting');
    await provider.comeBack();
    await push.send({ event: 'n', channels: ['a'], delay: '400ms' });
    await push.send({ event: 'n', channels: ['a'], delay: '30m' });
    const sent = numbered(10).map((message) => push.send(message));
    await vi.waitFor(() => expect(provider.arrivals.length).toBeGreaterThanOrEqual(10), { interval: 1 });
    const startedAt = performance.now();
    /** Each message arrived once, and the store was asked as often as it is at rest. */
    const check = async (count: number): Promise<void> => {
      const records = await whenAllEnded(store);
      expect(records.map(({ state }) => state)).toEqual(new Array(count).fill('SENT'));
      expect(provider.arrivals.length).toBe(count);
      expect(provider.ids.size).toBe(count);
      const most = ((performance.now() - startedAt) / pollMs) * 1.5 + count * 3;
      for (const [method, times] of calls) expect(times, method).toBeLessThan(most);
    };
    return { clock, push, sent, check };
  }

  test('a clock that is put forward by an hour lets what waits be sent, and nothing twice', async () => {
    const { clock, push, sent, check } = await start();
    clock.byMs = hourMs;
    await Promise.all(sent);
    expect((await push.send({ event: 'n', channels: ['a'] })).status).toBe('accepted');
    await check(14);
  }, 30_000);

  test('a clock that is put back by an hour holds back what waits until its time, and nothing else', async () => {
    const { clock, push, sent, check } = await start();
    clock.byMs = -hourMs;
    await Promise.all(sent);
    expect((await push.send({ event: 'n', channels: ['a'] })).status).toBe('accepted');
    const { id } = await push.send({ event: 'n', channels: ['a'], delay: '100ms' });
    await vi.waitFor(async () => expect(await push.messages.get(id)).toMatchObject({ state: 'SENT' }), {
      timeout: 20_000,
    });
    // What is old waits for the time that it was recorded for.
    expect(await push.messages.count({ state: ['WAITING', 'ERROR_RETRY'] })).toBeGreaterThan(0);
    clock.byMs = hourMs;
    await check(15);
  }, 30_000);
});
