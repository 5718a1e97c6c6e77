import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import {
  AuthenticationError,
  createPushService,
  DeliveryError,
  type PushServerSettings,
  RateLimitError,
  type SendReport,
} from '../../src/index.js';
import { anotherCopy } from '../support/another-copy.js';
import { failureOf } from '../support/failure-of.js';
import { type Answer, RecordingBackend } from '../support/recording-backend.js';
import { RecordingLogger } from '../support/recording-logger.js';

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

function broken(): Error {
  return Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' });
}

/** Throws what is listed, one request after the other, then accepts. */
function failingWith(...errors: unknown[]): Answer {
  return () => {
    if (errors.length > 0) throw errors.shift();
  };
}

/** Sends to one channel, and notes when each attempt was made. */
async function attemptsAt(
  answer: Answer,
  settings: Partial<PushServerSettings> = {},
): Promise<{ times: number[]; outcome: SendReport | DeliveryError }> {
  const backend = new RecordingBackend();
  const start = Date.now();
  const times: number[] = [];
  backend.answer = (request, index) => {
    times.push(Date.now() - start);
    return answer(request, index);
  };
  const sending = createPushService({ backend, ...settings } as PushServerSettings).send({ channels: 'a', data: 1 });
  const [outcome] = await Promise.all([sending.catch((error: DeliveryError) => error), vi.runAllTimersAsync()]);
  expect(new Set(backend.requests.map(({ message }) => message.id)).size).toBe(1);
  return { times, outcome };
}

describe('the wait before a retry', () => {
  test.each([
    ['half of the full delay at least', 0, [0, 250, 750, 1750, 3750, 6250, 8750]],
    ['the full delay at most', 1, [0, 500, 1500, 3500, 7500, 12_500, 17_500]],
  ])('is %s, and doubles from 0.5 s to 5 s', async (_what, random, expected) => {
    vi.spyOn(Math, 'random').mockReturnValue(random);
    const { times } = await attemptsAt(failingWith(...Array.from({ length: 6 }, broken)), { retries: 6 });
    expect(times).toEqual(expected);
  });

  test('is as long as the provider asked for, where that is longer', async () => {
    vi.spyOn(Math, 'random').mockReturnValue(1);
    const { times, outcome } = await attemptsAt(
      failingWith(
        new RateLimitError('slow down', { retryAfter: 12_000 }),
        new RateLimitError('still', { retryAfter: 1 }),
      ),
    );
    expect(times).toEqual([0, 12_000, 13_000]);
    expect(outcome).toMatchObject({ status: 'accepted', attempts: 3 });
  });

  test('is 30 s at most: a provider that asks for more is not waited for', async () => {
    const patient = await attemptsAt(failingWith(new RateLimitError('slow down', { retryAfter: 30_000 })));
    expect(patient.times).toEqual([0, 30_000]);
    const { times, outcome } = await attemptsAt(
      failingWith(new RateLimitError('come back tomorrow', { retryAfter: 30_001 })),
    );
    expect(times).toEqual([0]);
    expect(outcome).toBeInstanceOf(DeliveryError);
    expect(outcome).toMatchObject({ retryable: true });
    expect((outcome as DeliveryError).cause).toMatchObject({ code: 'RATE_LIMIT', retryAfter: 30_001 });
  });

  test('is its own when the provider names no time', async () => {
    vi.spyOn(Math, 'random').mockReturnValue(0);
    const { times } = await attemptsAt(failingWith(new RateLimitError('slow down')));
    expect(times).toEqual([0, 250]);
  });
});

describe('how often', () => {
  test('three retries unless the settings say otherwise', async () => {
    const { times, outcome } = await attemptsAt(() => {
      throw broken();
    });
    expect(times).toHaveLength(4);
    expect((outcome as DeliveryError).report).toMatchObject({ attempts: 4, status: 'rejected' });
    expect(outcome).toMatchObject({ outcome: 'unknown', retryable: true });
  });

  test('not at all with retries: 0', async () => {
    expect((await attemptsAt(failingWith(broken()), { retries: 0 })).times).toEqual([0]);
  });

  test.each<[string, unknown]>([
    ['credentials that were refused', new AuthenticationError('wrong key')],
    ['an error that nobody classified', new Error('bug')],
    ['a text', 'boom'],
    ['an error that is final', new DeliveryError('no', { outcome: 'rejected' })],
  ])('not for %s', async (_what, error) => {
    expect((await attemptsAt(failingWith(error, error))).times).toEqual([0]);
  });

  test('for a network error deep in the chain of causes', async () => {
    const wrapped = new TypeError('fetch failed', { cause: new Error('inner', { cause: broken() }) });
    expect((await attemptsAt(failingWith(wrapped))).times).toHaveLength(2);
  });

  test('a channel that is accepted in the end shows as accepted, with all its attempts', async () => {
    const { outcome } = await attemptsAt(failingWith(broken(), broken()));
    expect(outcome).toMatchObject({ status: 'accepted', attempts: 3, accepted: ['a'], rejected: [] });
  });
});

describe('the log', () => {
  const retried = 'a request to the recording backend failed and is tried again';
  const failed = 'a request to the recording backend failed';

  test('has a warning for a retry, which is not repeated, and a debug line for what failed in the end', async () => {
    vi.spyOn(Math, 'random').mockReturnValue(1);
    const logger = new RecordingLogger();
    await attemptsAt(failingWith(broken(), broken(), broken()), { retries: 2, logger });
    expect(logger.entries).toMatchObject([
      { level: 'warn', text: retried, details: { backend: 'recording', channels: 1, waitMs: 500 } },
      { level: 'debug', text: failed, details: { backend: 'recording', channels: 1 } },
    ]);
    for (const { details } of logger.entries)
      expect(details).toMatchObject({ err: { message: 'The recording backend failed: read ECONNRESET' } });
  });

  test('tells how many warnings were left out, and other reasons apart', async () => {
    vi.spyOn(Math, 'random').mockReturnValue(1);
    const logger = new RecordingLogger();
    const slow = new RateLimitError('slow down', { retryAfter: 20_000 });
    await attemptsAt(failingWith(broken(), broken(), slow, broken()), { retries: 4, logger });
    expect(logger.entries).toMatchObject([
      { level: 'warn', details: { waitMs: 500 } },
      { level: 'warn', details: { waitMs: 20_000, err: slow } },
      { level: 'warn', details: { leftOut: 1 } },
    ]);
  });

  test('has nothing of what is accepted, and no warning for what is not tried again', async () => {
    const logger = new RecordingLogger();
    await attemptsAt(failingWith(), { logger });
    expect(logger.entries).toEqual([]);
    await attemptsAt(failingWith(new AuthenticationError('wrong key')), { logger });
    expect(logger.entries).toMatchObject([
      { level: 'debug', text: failed, details: { err: { message: 'wrong key' } } },
    ]);
  });
});

describe('after a partial failure', () => {
  const batch = { maxChannelsPerRequest: 10, maxMessagesPerRequest: 10 };

  test('only the channels that may succeed are tried again', async () => {
    const backend = new RecordingBackend(batch);
    backend.answer = (_request, index) =>
      index === 0
        ? [
            { channel: 'a' },
            { channel: 'b', error: broken() },
            { channel: 'c', error: new AuthenticationError('not yours') },
            { channel: 'd', error: broken() },
          ]
        : index === 1
          ? [{ channel: 'b', error: broken() }, { channel: 'd' }]
          : undefined;
    const [report] = await Promise.all([
      createPushService({ backend }).send({ channels: ['a', 'b', 'c', 'd'], data: 1 }),
      vi.runAllTimersAsync(),
    ]);
    expect(backend.sent).toEqual([['a', 'b', 'c', 'd'], ['b', 'd'], ['b']]);
    expect(report).toMatchObject({ status: 'partial', accepted: ['a', 'b', 'd'], attempts: 3 });
    expect(report.rejected).toMatchObject([{ channel: 'c', error: { code: 'AUTHENTICATION' } }]);
  });

  test('of packed messages, only those with something left are tried and counted', async () => {
    const backend = new RecordingBackend(batch);
    backend.answer = ({ channels }, index) =>
      index === 0
        ? channels.map((channel) => (channel === 'b' ? { channel, error: broken() } : { channel }))
        : undefined;
    const sending = createPushService({ backend }).sendMany(
      ['a', 'b', 'c'].map((name) => ({ event: name, channels: name, data: 1 })),
    );
    const [reports] = await Promise.all([sending, vi.runAllTimersAsync()]);
    expect(backend.requests.map(({ method, channels }) => [method, channels])).toEqual([
      ['sendMessages', ['a', 'b', 'c']],
      ['sendData', ['b']],
    ]);
    expect(reports.map(({ attempts, status }) => [attempts, status])).toEqual([
      [1, 'accepted'],
      [2, 'accepted'],
      [1, 'accepted'],
    ]);
  });

  test('channels that are left over from a pack of messages stay within the limit of channels', async () => {
    const backend = new RecordingBackend({ maxChannelsPerRequest: 2, maxMessagesPerRequest: 10 });
    backend.answer = ({ channels }, index) =>
      index === 0
        ? channels.map((channel) => (channel === 'z' ? { channel } : { channel, error: broken() }))
        : undefined;
    const sending = createPushService({ backend }).sendMany([
      { channels: ['a', 'b', 'c'], data: 1 },
      { channels: 'z', data: 2 },
    ]);
    await Promise.all([sending, vi.runAllTimersAsync()]);
    expect(backend.requests.map(({ method, channels }) => [method, channels])).toEqual([
      ['sendMessages', ['a', 'b', 'c', 'z']],
      ['sendMessages', ['a', 'b', 'c']],
    ]);
  });

  test('a channel whose provider asks for too long a wait does not keep the others from a retry', async () => {
    const backend = new RecordingBackend(batch);
    backend.answer = (_request, index) =>
      index === 0
        ? [
            { channel: 'a', error: new RateLimitError('tomorrow', { retryAfter: 86_400_000 }) },
            { channel: 'b', error: broken() },
          ]
        : undefined;
    const [report] = await Promise.all([
      createPushService({ backend }).send({ channels: ['a', 'b'], data: 1 }),
      vi.runAllTimersAsync(),
    ]);
    expect(backend.sent).toEqual([['a', 'b'], ['b']]);
    expect(report).toMatchObject({ accepted: ['b'], rejected: [{ channel: 'a', error: { retryAfter: 86_400_000 } }] });
  });

  test('the retry waits for the longest wait that was asked for', async () => {
    const backend = new RecordingBackend(batch);
    const times: number[] = [];
    backend.answer = ({ channels }, index) => {
      times.push(Date.now());
      const waits = [undefined, 9_000, 3_000];
      return index === 0
        ? channels.map((channel, place) => ({
            channel,
            error: new RateLimitError('slow', { retryAfter: waits[place] }),
          }))
        : undefined;
    };
    await Promise.all([
      createPushService({ backend }).send({ channels: ['a', 'b', 'c'], data: 1 }),
      vi.runAllTimersAsync(),
    ]);
    expect(times.map((time) => time - (times[0] ?? 0))).toEqual([0, 9_000]);
  });
});

test('a wait between two attempts keeps no other message from being sent', async () => {
  const backend = new RecordingBackend();
  backend.answer = ({ channels: [channel] }, index) => {
    if (channel === 'slow' && index === 0) throw new RateLimitError('wait', { retryAfter: 20_000 });
  };
  const push = createPushService({ backend, concurrency: 1 });
  const slow = push.send({ channels: 'slow', data: 1 });
  await vi.advanceTimersByTimeAsync(10);
  expect(await push.send({ channels: 'quick', data: 1 })).toMatchObject({ status: 'accepted' });
  await vi.runAllTimersAsync();
  expect(await slow).toMatchObject({ attempts: 2 });
});

test('errors that the report carries are PushErrors, whatever was thrown', async () => {
  const backend = new RecordingBackend();
  const thrown: [unknown, string][] = [
    ['boom', 'boom'],
    [undefined, 'it threw undefined'],
    [null, 'it threw null'],
    [5, 'it threw 5'],
    [Symbol('s'), 'it threw Symbol(s)'],
    [{ message: 'from the SDK', status: 500 }, 'from the SDK'],
    [Object.create(null), 'it threw an object without a message'],
  ];
  const push = createPushService({ backend });
  for (const [value, words] of thrown) {
    backend.answer = () => {
      throw value;
    };
    const error = await failureOf(DeliveryError, push.send({ channels: 'a', data: 1 }));
    expect(error.report?.rejected[0]?.error).toBeInstanceOf(DeliveryError);
    expect(error.report?.rejected[0]?.error.message).toBe(`The recording backend failed: ${words}`);
  }
});

describe('errors of another copy of the package', () => {
  test('say like those of this one whether and when there is a retry', async () => {
    vi.spyOn(Math, 'random').mockReturnValue(1);
    const other = await anotherCopy();
    const { times, outcome } = await attemptsAt(
      failingWith(
        new other.RateLimitError('slow down', { retryAfter: 12_000 }),
        new other.TimeoutError('late'),
        new other.RateLimitError('tomorrow', { retryAfter: 86_400_000 }),
      ),
    );
    expect(times).toEqual([0, 12_000, 13_000]);
    expect(outcome).toMatchObject({
      outcome: 'unknown',
      cause: { cause: { code: 'RATE_LIMIT', retryAfter: 86_400_000 } },
    });
  });

  test('keep their class, and lose their secrets', async () => {
    const other = await anotherCopy();
    const backend = new RecordingBackend({}, { secretKey: 'open-sesame' });
    const thrown = new other.AuthenticationError('the key open-sesame is wrong', { status: 401 });
    backend.answer = failingWith(thrown);
    const error = await failureOf(DeliveryError, createPushService({ backend }).send({ channels: 'a', data: 1 }));
    expect(error.cause).toBe(thrown);
    expect(thrown).toMatchObject({ message: 'the key [secret] is wrong', code: 'AUTHENTICATION', status: 401 });
    expect(backend.requests).toHaveLength(1);
  });
});
