import { expect, it } from 'vitest';
import { DeliveryError, TimeoutError } from '../../src/index.js';
import { recordedService } from './recorded-service.js';

const lost = new DeliveryError('The connection was lost.', { outcome: 'unknown', retryable: true });
const refused = new DeliveryError('Nobody listens.', { outcome: 'rejected', retryable: true });

it.each([
  ['a connection that was lost', () => Promise.reject(lost)],
  ['an answer that the backend waited for too long', () => Promise.reject(new TimeoutError('No answer.'))],
  ['a deadline', () => new Promise<never>(() => {})],
])('is sent once with whenUnknown: keep, after %s', async (_what, answer) => {
  await using recorded = recordedService({ retries: 3 });
  const { push, backend, clock } = recorded;
  backend.answer = answer;
  await expect(push.send({ event: 'hello', channels: 'a', whenUnknown: 'keep', timeout: 100 })).rejects.toMatchObject({
    outcome: 'unknown',
  });
  await clock.advance(86_400_000);
  expect(backend.requests).toHaveLength(1);
  const { messages } = await push.messages.find();
  expect(messages).toMatchObject([{ state: 'ERROR', channels: [{ state: 'unknown', channels: ['a'] }] }]);
});

it('is sent again with whenUnknown: keep, where it surely has not arrived', async () => {
  await using recorded = recordedService({ retries: 1, limits: { maxChannelsPerRequest: 100 } });
  const { push, backend, clock } = recorded;
  // One channel is unknown, and the other one was refused.
  backend.answer = (_, index) =>
    index === 0
      ? [
          { channel: 'a', error: lost },
          { channel: 'b', error: refused },
        ]
      : undefined;
  const sending = push.send({ event: 'hello', channels: ['a', 'b'], whenUnknown: 'keep' });
  await clock.advance(5_000);
  const report = await sending;
  expect(backend.sent).toEqual([['a', 'b'], ['b']]);
  expect(report).toMatchObject({ status: 'partial', accepted: ['b'], rejected: [{ channel: 'a' }] });
});

it('is tried again at once with whenUnknown: resend', async () => {
  await using recorded = recordedService({ retries: 1 });
  const { push, backend, clock } = recorded;
  backend.answer = (_, index) => (index === 0 ? Promise.reject(lost) : undefined);
  const sending = push.send({ event: 'hello', channels: 'a' });
  await clock.advance(5_000);
  expect((await sending).status).toBe('accepted');
  expect(backend.requests).toHaveLength(2);
});
