import { type MessageStore, PushError } from 'pushrail';
import { mysqlMessages } from 'pushrail/messages/mysql';
import { postgresMessages } from 'pushrail/messages/postgres';
import { expect, test, vi } from 'vitest';
import { withMysql } from '../support/mysql.js';
import { withPostgres } from '../support/postgres.js';
import { whenAllEnded } from './account.js';
import { Provider } from './provider.js';
import { numbered, startService } from './service.js';

const inPostgres = withPostgres();
const inMysql = withMysql();

/** A store on a pool with one connection, which can be taken away from it. */
interface SmallStore {
  readonly store: MessageStore;
  take(): Promise<{ release(): void }>;
}

const databases: readonly (readonly [string, () => SmallStore])[] = [
  [
    'PostgreSQL',
    () => {
      const pool = inPostgres.pool({ max: 1 });
      return { store: postgresMessages(pool, { timeout: 500 }), take: () => pool.connect() };
    },
  ],
  [
    'MySQL',
    () => {
      const pool = inMysql.pool({ connectionLimit: 1 });
      return { store: mysqlMessages(pool, { timeout: 500 }), take: () => pool.getConnection() };
    },
  ],
];

test.each(databases)(
  'a pool of %s without a free connection fails calls in time, and serves them when one is free',
  async (name, make) => {
    const { store, take } = make();
    const provider = await Provider.start();
    const { push, lines } = startService(provider, store);
    await push.send({ event: 'before', channels: ['a'] });
    const taken = await take();
    const results = await Promise.allSettled(numbered(20).map((message) => push.send(message)));
    for (const result of results) {
      const { reason } = result as PromiseRejectedResult;
      expect(PushError.isPushError(reason) && [reason.code, reason.retryable, reason.message]).toEqual([
        'TIMEOUT',
        true,
        `${name} gave no connection within 500 ms: all of its pool are in use, or it does not answer.`,
      ]);
      expect(reason).toMatchObject({ outcome: 'rejected' });
    }
    // The worker has said so once, too.
    await vi.waitFor(() => expect(lines).toMatchObject([{ level: 'error' }]));
    taken.release();
    for (const message of numbered(20)) expect((await push.send(message)).status).toBe('accepted');
    const records = await whenAllEnded(store);
    expect(records).toHaveLength(21);
    expect(provider.arrivals).toHaveLength(21);
  },
);
