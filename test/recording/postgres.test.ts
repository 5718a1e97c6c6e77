import { describe, expect, it, vi } from 'vitest';
import { createPushService, DeliveryError } from '../../src/index.js';
import { postgresMessages } from '../../src/messages/postgres/index.js';
import { withPostgres } from '../support/postgres.js';
import { RecordingBackend } from '../support/recording-backend.js';
import { RecordingLogger } from '../support/recording-logger.js';
import { TestClock } from '../support/test-clock.js';
import { recordedService } from './recorded-service.js';

const database = withPostgres();

describe('a service with PostgreSQL', () => {
  it('writes down whatever words a backend skips a channel with', async () => {
    await using recorded = recordedService({ messages: postgresMessages(database.pool()) });
    const { push, backend } = recorded;
    backend.answer = ({ channels: [channel] }) => (channel === 'a' ? { skipped: 'odd \0 \ud83d' } : undefined);
    const { id } = await push.send({ event: 'e', channels: 'a' });
    expect(await push.messages.get(id)).toMatchObject({ state: 'SKIPPED', reason: 'odd \ufffd \ufffd' });
  });

  it('keeps the backend of each channel, and tries again by the one that did not accept', async () => {
    const [live, mobile] = [new RecordingBackend(), new RecordingBackend()];
    const clock = new TestClock();
    await using push = createPushService({
      backends: { live, mobile },
      messages: postgresMessages(database.pool()),
      recording: { retryDelays: ['1m'] },
      retries: 0,
      name: 'several',
      clock,
      logger: new RecordingLogger(),
    });
    mobile.answer = () => Promise.reject(new DeliveryError('busy', { outcome: 'rejected', retryable: true }));
    const { id } = await push.send({ event: 'e', channels: 'a', via: ['live', 'mobile'] });
    mobile.answer = () => undefined;
    await vi.waitFor(
      async () => {
        await clock.advance(2_000);
        expect((await push.messages.get(id))?.state).toBe('SENT');
      },
      { timeout: 15_000, interval: 5 },
    );
    expect([live.sent, mobile.sent]).toEqual([[['a']], [['a'], ['a']]]);
    const record = await push.messages.get(id);
    expect(record).toMatchObject({ state: 'SENT', attempts: 2, via: ['live', 'mobile'], backend: 'mobile' });
    expect(record?.channels.map(({ state, backend }) => [state, backend])).toEqual([
      ['accepted', 'live'],
      ['accepted', 'mobile'],
    ]);
  });

  it('lists a message once that names a user twice', async () => {
    await using recorded = recordedService({ messages: postgresMessages(database.pool()) });
    const { push } = recorded;
    for (const messages of [1, 2]) {
      await push.sendMany(
        Array.from({ length: messages }, () => ({
          event: 'e',
          users: [`ann-${messages}`, `ann-${messages}`],
          tag: 't',
        })),
      );
      const user = `ann-${messages}`;
      expect((await push.messages.find({ recipient: user })).messages).toHaveLength(messages);
      expect(await push.messages.unreadCount(user)).toBe(messages);
      expect(await push.messages.markRead({ user, tag: 't' })).toBe(messages);
    }
  });

  it.each([
    ['-9999999999999999_x', 'a forged cursor'],
    ['9999999999999999_018f3c3e-0000-7000-8000-000000000000', 'a cursor out of range'],
  ])('refuses %s, %s', async (cursor) => {
    await using recorded = recordedService({ messages: postgresMessages(database.pool()) });
    await expect(recorded.push.messages.find({ cursor })).rejects.toMatchObject({ code: 'VALIDATION' });
  });

  it('refuses a time that the database cannot keep', async () => {
    await using recorded = recordedService({ messages: postgresMessages(database.pool()) });
    const sending = recorded.push.send({ event: 'e', channels: 'a', at: new Date(-8.64e15) });
    await expect(sending).rejects.toMatchObject({ code: 'VALIDATION' });
  });
});
