import { expect, it } from 'vitest';
import { failover } from '../../src/backends/composite/failover.js';
import { fanout } from '../../src/backends/composite/fanout.js';
import { createPushService, DeliveryError, type PushService } from '../../src/index.js';
import { memoryMessages } from '../../src/messages/memory/index.js';
import { NamedBackend } from '../backends/composite/support/named-backend.js';
import { RecordingLogger } from '../support/recording-logger.js';
import { TestClock } from '../support/test-clock.js';

const MINUTE = 60_000;

function serviceOf(backend: ReturnType<typeof failover>): { readonly push: PushService; readonly clock: TestClock } {
  const clock = new TestClock();
  const recording = { retryDelays: ['1m'] as const };
  const store = { messages: memoryMessages(), recording, clock };
  return { push: createPushService({ backend, logger: new RecordingLogger(), retries: 0, ...store }), clock };
}

it('failover sends what is unknown through no other backend, and again with the same id', async () => {
  const [a, b] = [new NamedBackend('a'), new NamedBackend('b')];
  const { push, clock } = serviceOf(failover(a, b));
  a.answer = (_, index) => {
    if (index === 0) throw new DeliveryError('no answer', { outcome: 'unknown', retryable: true });
  };
  const { id, status } = await push.send({ event: 'e', channels: 'x' });
  expect(status).toBe('waiting');
  await clock.advance(2 * MINUTE);
  expect(await push.messages.get(id)).toMatchObject({ state: 'SENT', attempts: 2 });
  expect([a.sent, b.sent]).toEqual([[['x'], ['x']], []]);
  expect(a.requests.map(({ message }) => message.id)).toEqual([id, id]);
  await push.close();
});

it('fanout skips what all of its backends skip, and records why', async () => {
  const [a, b] = [new NamedBackend('a'), new NamedBackend('b')];
  const { push } = serviceOf(fanout(a, b));
  b.answer = () => ({ skipped: 'read already' });
  const first = await push.send({ event: 'e', channels: 'x' });
  expect(await push.messages.get(first.id)).toMatchObject({ state: 'SENT', reason: undefined });
  a.answer = b.answer;
  const second = await push.send({ event: 'e', channels: 'x' });
  expect(await push.messages.get(second.id)).toMatchObject({ state: 'SKIPPED', reason: 'read already' });
  await push.close();
});

it('wake() does nothing after close(), as when a notification comes late', async () => {
  const { push } = serviceOf(failover(new NamedBackend('a'), new NamedBackend('b')));
  await push.close();
  expect(() => push.wake()).not.toThrow();
});
