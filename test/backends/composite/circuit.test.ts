import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { FailoverService, failover } from '../../../src/backends/composite/failover.js';
import { FanoutService } from '../../../src/backends/composite/fanout.js';
import { AuthenticationError, DeliveryError, type PushService, RateLimitError } from '../../../src/index.js';
import { failureOf } from '../../support/failure-of.js';
import type { RecordingLogger } from '../../support/recording-logger.js';
import { NamedBackend } from './support/named-backend.js';
import { failure, never, refusal, serviceOf, throwing, unreached } from './support/service.js';

const message = { event: 'e', data: 1 };

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

interface Scene {
  readonly a: NamedBackend;
  readonly b: NamedBackend;
  readonly push: PushService;
  readonly logger: RecordingLogger;
  /** Sends one message after the other, whatever becomes of them. */
  send(count: number, options?: object): Promise<void>;
  /** How many requests each has had. */
  asked(): readonly number[];
}

function scene(circuit: object = {}, settings: object = {}): Scene {
  const [a, b] = [new NamedBackend('a'), new NamedBackend('b')];
  const { push, logger } = serviceOf(new FailoverService({ options: { backends: [a, b], ...circuit } }), settings);
  const send = async (count: number, options: object = {}): Promise<void> => {
    for (let index = 0; index < count; index++) {
      const sent = push.send({ ...message, channels: 'x', ...options }).catch(() => undefined);
      await vi.advanceTimersByTimeAsync(0);
      await sent;
    }
  };
  return { a, b, push, logger, send, asked: () => [a.requests.length, b.requests.length] };
}

describe('a circuit', () => {
  test('stays closed when what does not fail is skipped', async () => {
    const { a, send, asked } = scene();
    a.answer = (_request, index) => {
      if (index % 5 === 4) return { skipped: 'already read' };
      throw unreached();
    };
    await send(12);
    expect(asked()).toEqual([12, 10]);
  });

  test('opens after five failures in a row, and lets one request try after a minute', async () => {
    const { a, logger, send, asked } = scene();
    a.answer = throwing(unreached);
    await send(7);
    expect(asked()).toEqual([5, 7]);
    expect(logger.entries.map(({ level, text }) => `${level}: ${text}`)).toEqual([
      'warn: failover(a, b): a fails, and is left out for a while',
    ]);
    expect(logger.entries[0]?.details).toMatchObject({ forMs: 60_000, err: { retryable: true } });

    await vi.advanceTimersByTimeAsync(59_999);
    await send(1);
    expect(asked()).toEqual([5, 8]);
    await vi.advanceTimersByTimeAsync(1);
    await send(3);
    expect(asked()).toEqual([6, 11]);

    a.answer = () => undefined;
    await vi.advanceTimersByTimeAsync(60_000);
    await send(3);
    expect(asked()).toEqual([9, 11]);
    expect(logger.entries.slice(1).map(({ level, text }) => `${level}: ${text}`)).toEqual([
      'info: failover(a, b): a is tried again',
      'warn: failover(a, b): a still fails, and stays left out for a while',
      'info: failover(a, b): a is tried again',
      'info: failover(a, b): a answers again',
    ]);
  });

  test('lets no second request try before the first one is answered', async () => {
    const { a, push, send, asked } = scene({ failuresToOpen: 1, resetAfterMs: 1000 });
    a.answer = throwing(unreached);
    await send(1);
    const answer = Promise.withResolvers<undefined>();
    a.answer = () => answer.promise;
    await vi.advanceTimersByTimeAsync(1000);
    const tried = push.send({ ...message, channels: 'x' });
    await send(2);
    expect(asked()).toEqual([2, 3]);
    answer.resolve(undefined);
    expect(await tried).toMatchObject({ accepted: ['x'] });
    await send(1);
    expect(asked()).toEqual([3, 3]);
  });

  test('is not closed by a try whose caller gave up, and lets the next one try', async () => {
    const { a, push, send, asked } = scene({ failuresToOpen: 1, resetAfterMs: 1000 });
    a.answer = throwing(unreached);
    await send(1);
    a.answer = never;
    await vi.advanceTimersByTimeAsync(1000);
    const controller = new AbortController();
    const given = push.send({ ...message, channels: 'x', signal: controller.signal }).catch(() => undefined);
    await vi.advanceTimersByTimeAsync(0);
    controller.abort();
    await given;
    a.answer = () => undefined;
    await send(1);
    expect(asked()).toEqual([3, 1]);
  });

  test('counts a missed deadline, but not a caller that gave up', async () => {
    const { a, push, send, asked } = scene({ failuresToOpen: 2 }, { timeout: 100 });
    a.answer = never;
    for (let index = 0; index < 3; index++) {
      const controller = new AbortController();
      const sent = push.send({ ...message, channels: 'x', signal: controller.signal }).catch(() => undefined);
      await vi.advanceTimersByTimeAsync(50);
      controller.abort();
      await sent;
    }
    for (let index = 0; index < 2; index++) {
      const sent = push.send({ ...message, channels: 'x' }).catch(() => undefined);
      await vi.advanceTimersByTimeAsync(100);
      await sent;
    }
    expect(asked()).toEqual([5, 0]);
    await send(1);
    expect(asked()).toEqual([5, 1]);
  });

  test.each<[string, () => unknown, boolean]>([
    ['wrong credentials', () => new AuthenticationError('no', { status: 401 }), true],
    ['rate limits', () => new RateLimitError('slow down', { status: 429 }), true],
    ['a 503', () => new DeliveryError('closing', { outcome: 'rejected', retryable: true, status: 503 }), true],
    ['a 500', () => new DeliveryError('oops', { outcome: 'unknown', status: 500 }), true],
    ['lost answers', () => failure('unknown'), true],
    ['a 400', () => refusal('bad'), false],
    ['a 413', () => refusal('too large', 413), false],
    ['refusals without a status', () => failure('rejected'), false],
  ])('that sees %s twice', async (_what, thrown, opens) => {
    const { a, send, asked } = scene({ failuresToOpen: 2 });
    a.answer = throwing(thrown);
    await send(3);
    expect(asked()[0]).toBe(opens ? 2 : 3);
  });

  test('starts counting anew after an answer, be it a refusal', async () => {
    const { a, send, asked } = scene({ failuresToOpen: 2 });
    a.answer = (_request, index) => throwing(index % 2 === 0 ? unreached : () => refusal('bad'))();
    await send(6);
    expect(asked()).toEqual([6, 6]);
  });

  test('is passed over when all of them are open: the backend that failed longest ago is asked first', async () => {
    const { a, b, send, asked } = scene({ failuresToOpen: 1 });
    a.answer = throwing(unreached);
    b.answer = throwing(unreached);
    await send(1);
    await vi.advanceTimersByTimeAsync(10);
    await send(1);
    expect(asked()).toEqual([2, 2]);
    b.answer = () => undefined;
    await send(1);
    expect(asked()).toEqual([3, 3]);
    await send(1);
    expect(asked()).toEqual([3, 4]);
  });

  test('of a backend that asked to wait rests as long, whatever the count', async () => {
    const { a, send, asked } = scene();
    a.answer = (_request, index) =>
      index === 0 ? throwing(() => new RateLimitError('slow down', { retryAfter: 5000 }))() : undefined;
    await send(2);
    expect(asked()).toEqual([1, 2]);
    await vi.advanceTimersByTimeAsync(5000);
    await send(1);
    expect(asked()).toEqual([2, 2]);
  });

  test('that rests is waited for by the retry when every backend asked to wait', async () => {
    const { a, b, push, asked } = scene({}, { retries: 1 });
    for (const [backend, retryAfter] of [
      [a, 5000],
      [b, 9000],
    ] as const)
      backend.answer = (_request, index) =>
        index === 0 ? throwing(() => new RateLimitError('slow down', { retryAfter }))() : undefined;
    const sent = push.send({ ...message, channels: 'x' });
    await vi.advanceTimersByTimeAsync(4999);
    expect(asked()).toEqual([1, 1]);
    await vi.advanceTimersByTimeAsync(2);
    expect(await sent).toMatchObject({ accepted: ['x'], attempts: 2 });
    expect(asked()).toEqual([2, 1]);
  });

  test('that rests at every backend makes a message fail at once, saying so', async () => {
    const { a, b, push, send, asked } = scene();
    a.answer = throwing(() => new RateLimitError('slow down', { retryAfter: 60_000 }));
    b.answer = throwing(() => new RateLimitError('slow down', { retryAfter: 60_000 }));
    await send(1);
    const error = await failureOf(DeliveryError, push.send({ ...message, channels: 'x' }));
    expect(error).toMatchObject({ outcome: 'rejected', retryable: true });
    expect(error.message).toContain('a: It was not asked: its last requests failed, or it asked to wait. b:');
    expect(asked()).toEqual([1, 1]);
  });

  test('does not keep a retry from a backend that may have delivered the message', async () => {
    const { a, push, asked } = scene({ failuresToOpen: 1 }, { retries: 1 });
    a.answer = (_request, index) => (index === 0 ? throwing(() => failure('unknown', true))() : undefined);
    const sent = push.send({ ...message, channels: 'x' });
    await vi.advanceTimersByTimeAsync(1000);
    expect(await sent).toMatchObject({ accepted: ['x'], attempts: 2 });
    expect(asked()).toEqual([2, 0]);
  });
});

test('a composite of which all circuits are open is a failure of its own in the one around it', async () => {
  const [a, b, c] = ['a', 'b', 'c'].map((name) => new NamedBackend(name)) as [NamedBackend, NamedBackend, NamedBackend];
  a.answer = throwing(unreached);
  b.answer = throwing(unreached);
  const inner = new FanoutService({ options: { backends: [a, b] } });
  const { push } = serviceOf(failover(inner, c));
  for (let index = 0; index < 6; index++) await push.send({ ...message, channels: `c${index}` });
  expect([a, b, c].map(({ requests }) => requests.length)).toEqual([5, 5, 6]);
});
