import { PushError } from 'pushrail';
import { postgresMessages } from 'pushrail/messages/postgres';
import { expect, test, vi } from 'vitest';
import { withPostgres } from '../support/postgres.js';
import { whenAllEnded } from './account.js';
import { Provider } from './provider.js';
import { numbered, startService } from './service.js';

const database = withPostgres();

test('a pool without a free connection fails calls in time, and serves them when one is free', async () => {
  const pool = database.pool({ max: 1 });
  const store = postgresMessages(pool, { timeout: 300 });
  const provider = await Provider.start();
  const { push, lines } = startService(provider, store);
  await push.send({ event: 'before', channels: ['a'] });
  const taken = await pool.connect();
  const results = await Promise.allSettled(numbered(20).map((message) => push.send(message)));
  for (const result of results) {
    const { reason } = result as PromiseRejectedResult;
    expect(PushError.isPushError(reason) && [reason.code, reason.retryable, reason.message]).toEqual([
      'TIMEOUT',
      true,
      'PostgreSQL gave no connection within 300 ms: all of its pool are in use, or it does not answer.',
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
});
