import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type ChannelResult, createPushService, DeliveryError, RateLimitError } from '../../src/index.js';
import { failureOf } from '../support/failure-of.js';
import { type Answer, RecordingBackend } from '../support/recording-backend.js';

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

const reset = (): Error => Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' });
const unreached = (): Error => Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });

async function failureAfter(...answers: Answer[]): Promise<DeliveryError> {
  const backend = new RecordingBackend();
  backend.answer = (request, index) => answers[index]?.(request, index);
  const retries = answers.length - 1;
  const sending = createPushService({ backend, retries, timeout: 1000 }).send({ channels: 'a', data: 1 });
  const [error] = await Promise.all([failureOf(DeliveryError, sending), vi.runAllTimersAsync()]);
  return error;
}

function throwing(error: () => unknown): Answer {
  return () => {
    throw error();
  };
}

const stalling: Answer = () => new Promise(() => {});

test.each([
  ['lost its answer', throwing(reset)],
  ['took too long', stalling],
])('the outcome stays unknown after an attempt that %s, whatever comes after', async (_what, first) => {
  const error = await failureAfter(first, throwing(unreached), throwing(unreached));
  expect(error.outcome).toBe('unknown');
  const [rejected] = error.report?.rejected ?? [];
  expect(rejected?.error).toMatchObject({ outcome: 'unknown', retryable: true });
  expect(rejected?.error.message).toContain('An earlier attempt may have delivered the message.');
  expect(rejected?.error.cause).toMatchObject({ outcome: 'rejected' });
});

test('a refusal after an attempt that was refused, too, is a refusal', async () => {
  const error = await failureAfter(
    throwing(unreached),
    throwing(() => new RateLimitError('slow down')),
  );
  expect(error.outcome).toBe('rejected');
  expect(error.report?.rejected[0]?.error).toBeInstanceOf(RateLimitError);
});

test('only the channels whose outcome is unknown are told so', async () => {
  const backend = new RecordingBackend({ maxChannelsPerRequest: 3 });
  const unknown = new DeliveryError('lost', { outcome: 'unknown', retryable: true });
  const refused = new DeliveryError('not now', { outcome: 'rejected', retryable: true });
  const final = new DeliveryError('never', { outcome: 'rejected' });
  backend.answer = ({ channels }, index): ChannelResult[] =>
    channels.map((channel) =>
      channel === 'c' ? { channel } : { channel, error: index > 0 ? final : channel === 'a' ? unknown : refused },
    );
  const sending = createPushService({ backend, retries: 2 }).send({ channels: ['a', 'b', 'c'], data: 1 });
  const [report] = await Promise.all([sending, vi.runAllTimersAsync()]);
  expect(report.accepted).toEqual(['c']);
  expect(report.rejected.map(({ channel, error }) => [channel, Reflect.get(error, 'outcome')])).toEqual([
    ['a', 'unknown'],
    ['b', 'rejected'],
  ]);
});
