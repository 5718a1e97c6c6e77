import { describe, expect, it } from 'vitest';
import { postgresMessages } from '../../src/messages/postgres/index.js';
import { withPostgres } from '../support/postgres.js';
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
