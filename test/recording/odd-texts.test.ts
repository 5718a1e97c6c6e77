import { expect, it } from 'vitest';
import { DeliveryError } from '../../src/index.js';
import { postgresMessages } from '../../src/messages/postgres/index.js';
import { withPostgres } from '../support/postgres.js';
import { recordedService } from './recorded-service.js';

const database = withPostgres();
const odd = 'a\u0000b \ud800';

it.each([
  ['SKIPPED', 'a reason', () => ({ skipped: odd })],
  ['ERROR', 'an error', () => Promise.reject(new DeliveryError(odd, { outcome: 'rejected', retryable: false }))],
  ['SENT', 'a detail', () => ({ info: { id: odd } })],
])('a message is %s when the provider gives %s that is no text of PostgreSQL', async (state, _what, answer) => {
  await using recorded = recordedService({ messages: postgresMessages(database.pool()), worker: false });
  const { push, backend } = recorded;
  backend.answer = answer;
  await push.send({ event: 'hello', channels: 'a', tag: state }).catch(() => {});
  const { messages } = await push.messages.find({ tag: state });
  expect(messages).toMatchObject([{ state }]);
});
