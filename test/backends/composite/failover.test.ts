import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { failover } from '../../../src/backends/composite/failover.js';
import {
  AuthenticationError,
  type ChannelResult,
  DeliveryError,
  RateLimitError,
  ValidationError,
} from '../../../src/index.js';
import { failureOf } from '../../support/failure-of.js';
import type { RecordedRequest } from '../../support/recording-backend.js';
import { NamedBackend } from './support/named-backend.js';
import { failure, never, refusal, serviceOf, throwing, unreached } from './support/service.js';

const message = { event: 'e', data: { id: 1 } };

function pair(limits: object = {}): { a: NamedBackend; b: NamedBackend } {
  return { a: new NamedBackend('a', limits), b: new NamedBackend('b', limits) };
}

describe('failover', () => {
  test('sends through the first backend alone while that one accepts', async () => {
    const { a, b } = pair();
    const { push } = serviceOf(failover(a, b));
    expect(await push.send({ ...message, channels: ['x', 'y'] })).toMatchObject({ accepted: ['x', 'y'], attempts: 2 });
    expect([a.sent, b.sent]).toEqual([[['x'], ['y']], []]);
  });

  test.each<[string, () => unknown]>([
    ['a 400', () => refusal('bad')],
    ['a 413', () => refusal('too large', 413)],
    ['wrong credentials', () => new AuthenticationError('who are you?', { status: 401 })],
    ['a rate limit', () => new RateLimitError('slow down', { status: 429 })],
    ['a provider that cannot be reached', unreached],
    ['a message that the backend itself refuses', () => new ValidationError('not for me')],
  ])('goes on after %s', async (_what, thrown) => {
    const { a, b } = pair();
    a.answer = throwing(thrown);
    const { push } = serviceOf(failover(a, b));
    expect(await push.send({ ...message, channels: 'x' })).toMatchObject({ accepted: ['x'], attempts: 1 });
    expect([a.sent, b.sent]).toEqual([[['x']], [['x']]]);
  });

  test.each<[string, () => unknown]>([
    ['an answer that got lost', () => Object.assign(new Error('reset'), { code: 'ECONNRESET' })],
    ['a 500', () => failure('unknown')],
    ['whatever the backend did not classify', () => new TypeError('oops')],
  ])('does not go on after %s, for the message may have arrived', async (_what, thrown) => {
    const { a, b } = pair();
    a.answer = throwing(thrown);
    const { push } = serviceOf(failover(a, b));
    const error = await failureOf(DeliveryError, push.send({ ...message, channels: 'x' }));
    expect(error.outcome).toBe('unknown');
    expect([a.sent, b.sent]).toEqual([[['x']], []]);
  });

  test('does not go on after a channel that was skipped', async () => {
    const { a, b } = pair({ maxChannelsPerRequest: 10 });
    a.answer = ({ channels }) =>
      channels.map((channel) =>
        channel === 'x' ? { channel, skipped: 'already read' } : { channel, error: refusal('no') },
      );
    const { push } = serviceOf(failover(a, b));
    expect(await push.send({ ...message, channels: ['x', 'y'] })).toMatchObject({
      status: 'accepted',
      accepted: ['y'],
      skipped: [{ channel: 'x', reason: 'already read' }],
    });
    expect(b.sent).toEqual([['y']]);
  });

  test('goes on after an unknown outcome when the message has an idempotency key', async () => {
    const { a, b } = pair();
    a.answer = throwing(() => failure('unknown'));
    const { push } = serviceOf(failover(a, b));
    await push.send({ ...message, channels: 'x', idempotencyKey: 'order-42' });
    expect(b.requests).toHaveLength(1);
    expect(b.requests[0]?.message).not.toHaveProperty('idempotencyKey');
  });

  test('hands the idempotency key to a backend that can use it', async () => {
    const [a, b] = [new NamedBackend('a', { idempotencyKey: true }), new NamedBackend('b')];
    const { push } = serviceOf(failover(a, b));
    await push.send({ ...message, channels: 'x', idempotencyKey: 'order-42' });
    expect(a.requests[0]?.message.idempotencyKey).toBe('order-42');
  });

  test('goes on with the channels that were refused, and with no other', async () => {
    const { a, b } = pair({ maxChannelsPerRequest: 10 });
    const errors: Record<string, Error> = { refused: refusal('no'), lost: failure('unknown') };
    a.answer = ({ channels }) =>
      channels.map((channel): ChannelResult => ({ channel, ...(errors[channel] && { error: errors[channel] }) }));
    const { push } = serviceOf(failover(a, b));
    const report = await push.send({ ...message, channels: ['fine', 'refused', 'lost', 'fine too'] });
    expect(report).toMatchObject({ status: 'partial', accepted: ['fine', 'refused', 'fine too'] });
    expect(report.rejected).toMatchObject([{ channel: 'lost', error: { outcome: 'unknown' } }]);
    expect(b.sent).toEqual([['refused']]);
  });

  test('says what each backend said when all refuse', async () => {
    const { a, b } = pair();
    a.answer = throwing(() => new AuthenticationError('who are you?', { status: 401 }));
    b.answer = throwing(() => refusal('no such application', 404));
    const { push } = serviceOf(failover(a, b));
    const { report } = await failureOf(DeliveryError, push.send({ ...message, channels: 'x' }));
    const error = report?.rejected[0]?.error;
    expect(error).toBeInstanceOf(DeliveryError);
    expect(error).toMatchObject({
      name: 'DeliveryError',
      outcome: 'rejected',
      retryable: false,
      backend: 'failover(a, b)',
    });
    expect(error?.message).toBe(
      'No backend of failover(a, b) accepted the message. a: who are you? b: no such application',
    );
    expect(error?.cause).toMatchObject({ errors: [{ status: 401 }, { status: 404 }] });
  });

  test('has one error for all channels that failed alike', async () => {
    const { a, b } = pair({ maxChannelsPerRequest: 10 });
    const [no, never] = [refusal('no'), refusal('never')];
    a.answer = throwing(() => no);
    b.answer = ({ channels }) => channels.map((channel) => ({ channel, error: channel === 'z' ? never : no }));
    const { push } = serviceOf(failover(a, b));
    const { report } = await failureOf(DeliveryError, push.send({ ...message, channels: ['w', 'x', 'y', 'z'] }));
    const [w, x, y, z] = (report?.rejected ?? []).map(({ error }) => error);
    expect([x, y]).toEqual([w, w]);
    expect(x).toBe(w);
    expect(z).not.toBe(w);
  });

  test('sends different messages together, and goes on with those that were refused', async () => {
    const { a, b } = pair({ maxChannelsPerRequest: 10, maxMessagesPerRequest: 10 });
    a.answer = ({ channels }) =>
      channels.map((channel) => ({ channel, ...(channel !== 'y' && { error: refusal('no') }) }));
    const { push } = serviceOf(failover(a, b));
    await push.sendMany(['x', 'y', 'z'].map((channels) => ({ ...message, channels, data: channels })));
    expect([a.sent, b.sent]).toEqual([[['x', 'y', 'z']], [['x', 'z']]]);
    expect(b.requests[0]?.method).toBe('sendMessages');
    expect(b.requests[0]?.messages.map((addressed) => addressed.message.data)).toEqual(['x', 'z']);
  });

  test('passes on what a backend tells of channels that accepted', async () => {
    const { a, b } = pair({ maxChannelsPerRequest: 10 });
    a.answer = throwing(() => refusal('no'));
    b.answer = ({ channels }) => [...channels].reverse().map((channel) => ({ channel, info: { id: `${channel}-1` } }));
    const { push } = serviceOf(failover(a, b));
    const { info } = await push.send({ ...message, channels: ['x', 'y'] });
    expect(info).toEqual({ x: { id: 'x-1' }, y: { id: 'y-1' } });
  });

  test.each<[string, (request: RecordedRequest) => unknown]>([
    ['forgets a channel', () => [{ channel: 'x' }]],
    ['returns no list', () => 'fine'],
  ])('does not go on after a backend that %s', async (_what, answer) => {
    const { a, b } = pair({ maxChannelsPerRequest: 10 });
    a.answer = answer;
    const { push } = serviceOf(failover(a, b));
    const report = await push.send({ ...message, channels: ['x', 'y'] }).catch(({ report: found }) => found);
    expect(report.rejected.at(-1)).toMatchObject({ channel: 'y', error: { outcome: 'unknown' } });
    expect(b.sent).toEqual([]);
  });

  test('leaves the message as it was', async () => {
    const { a, b } = pair();
    a.answer = throwing(() => refusal('no'));
    const { push } = serviceOf(failover(a, b));
    const notification = { title: 'Hello' };
    await push.send({ ...message, channels: 'x', notification });
    const [first, second] = [a.requests[0]?.message, b.requests[0]?.message];
    expect(second?.payload).toBe('{"id":1,"notification":{"title":"Hello"}}');
    expect(second).toEqual(first);
    expect(second).toMatchObject({ id: first?.id, event: 'e', data: { id: 1 }, notification });
  });
});

describe('a retry', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  test('after an unknown outcome goes to the same backend, also when that one now refuses', async () => {
    const { a, b } = pair();
    a.answer = (_request, index) => throwing(() => (index === 0 ? failure('unknown', true) : unreached()))();
    const { push } = serviceOf(failover(a, b), { retries: 2 });
    const sent = failureOf(DeliveryError, push.send({ ...message, channels: 'x' }));
    await vi.runAllTimersAsync();
    await sent;
    expect([a.requests.length, b.requests.length]).toEqual([3, 0]);
  });

  test('after the deadline goes to the same backend, and its answer counts', async () => {
    const { a, b } = pair();
    a.answer = (_request, index) => (index === 0 ? never() : undefined);
    const { push } = serviceOf(failover(a, b), { retries: 1, timeout: 100 });
    const sent = push.send({ ...message, channels: 'x' });
    await vi.runAllTimersAsync();
    expect(await sent).toMatchObject({ accepted: ['x'], attempts: 2 });
    expect([a.requests.length, b.requests.length]).toEqual([2, 0]);
  });

  test('takes each channel to where it may be', async () => {
    const { a, b } = pair({ maxChannelsPerRequest: 10 });
    const failing = ({ channels }: RecordedRequest, index: number): ChannelResult[] =>
      channels.map((channel) => ({
        channel,
        ...(index === 0 && { error: channel === 'lost' ? failure('unknown', true) : unreached() }),
      }));
    a.answer = failing;
    b.answer = (_request, index) => (index === 0 ? throwing(unreached)() : undefined);
    const { push } = serviceOf(failover(a, b), { retries: 1 });
    const sent = push.send({ ...message, channels: ['lost', 'x'] });
    await vi.runAllTimersAsync();
    expect(await sent).toMatchObject({ accepted: ['lost', 'x'] });
    expect(a.sent).toEqual([['lost', 'x'], ['lost'], ['x']]);
    expect(b.sent).toEqual([['x']]);
  });

  test('asks no backend again that refused for good', async () => {
    const { a, b } = pair();
    a.answer = throwing(() => new AuthenticationError('who are you?', { status: 401 }));
    b.answer = (_request, index) => (index < 2 ? throwing(unreached)() : undefined);
    const { push } = serviceOf(failover(a, b), { retries: 3 });
    const sent = push.send({ ...message, channels: 'x' });
    await vi.runAllTimersAsync();
    expect(await sent).toMatchObject({ accepted: ['x'], attempts: 3 });
    expect([a.requests.length, b.requests.length]).toEqual([1, 3]);
  });

  test('goes nowhere else once the deadline has passed', async () => {
    const { a, b } = pair();
    a.answer = async () => {
      await new Promise((resolve) => setTimeout(resolve, 200));
      throw refusal('no');
    };
    const { push } = serviceOf(failover(a, b), { timeout: 100 });
    const sent = failureOf(DeliveryError, push.send({ ...message, channels: 'x' }));
    await vi.runAllTimersAsync();
    expect((await sent).outcome).toBe('unknown');
    expect(b.requests).toEqual([]);
  });

  test('of a message that the caller gave up on is not made', async () => {
    const { a, b } = pair();
    const controller = new AbortController();
    a.answer = () => {
      controller.abort();
      return never();
    };
    const { push } = serviceOf(failover(a, b), { retries: 3 });
    const error = await failureOf(
      DeliveryError,
      push.send({ ...message, channels: 'x', idempotencyKey: 'k', signal: controller.signal }),
    );
    expect(error.outcome).toBe('unknown');
    await vi.runAllTimersAsync();
    expect([a.requests.length, b.requests.length]).toEqual([1, 0]);
  });
});

test('a composite within another one gives its own refusal to the next', async () => {
  const [a, b, c] = ['a', 'b', 'c'].map((name) => new NamedBackend(name)) as [NamedBackend, NamedBackend, NamedBackend];
  a.answer = throwing(unreached);
  b.answer = throwing(() => refusal('no'));
  const { push } = serviceOf(failover(failover(a, b), c));
  await push.send({ ...message, channels: 'x' });
  expect([a, b, c].map(({ sent }) => sent)).toEqual([[['x']], [['x']], [['x']]]);
  expect(push.backend.name).toBe('failover(failover(a, b), c)');
});
