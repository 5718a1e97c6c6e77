import { expect, it } from 'vitest';
import { DeliveryError } from '../../src/index.js';
import { recordedService } from './recorded-service.js';

const away = new DeliveryError('Nobody is there.', { outcome: 'rejected', retryable: true });

it.each([
  ['back', -3_600_000],
  ['forward', 3_600_000],
])('tries a provider that was away after some seconds, when the clock was put %s meanwhile', async (_way, by) => {
  await using recorded = recordedService();
  const { push, backend, clock } = recorded;
  backend.answer = () => Promise.reject(away);
  for (let count = 0; count < 8; count++) await push.send({ event: 'hello', channels: 'a' });
  const before = backend.requests.length;
  backend.answer = () => undefined;
  clock.set(clock.now() + by);
  await clock.advance(1_000);
  const { id, status } = await push.send({ event: 'hello', channels: 'a' });
  expect(status).toBe(by > 0 ? 'accepted' : 'waiting');
  await clock.advance(15_000);
  expect(backend.requests.length).toBeGreaterThan(before);
  expect(await push.messages.get(id)).toMatchObject({ state: 'SENT' });
});
