import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { failover } from '../../../src/backends/composite/failover.js';
import { fanout } from '../../../src/backends/composite/fanout.js';
import { AuthenticationError, type ChannelResult, DeliveryError } from '../../../src/index.js';
import { deliver } from '../../support/deliver.js';
import { failureOf } from '../../support/failure-of.js';
import { recordedMessage } from '../../support/recorded-message.js';
import { NamedBackend } from './support/named-backend.js';
import { failure, never, refusal, serviceOf, throwing, unreached } from './support/service.js';

const message = { event: 'e', data: { id: 1 } };

function pair(limits: object = {}): { a: NamedBackend; b: NamedBackend } {
  return { a: new NamedBackend('a', limits), b: new NamedBackend('b', limits) };
}

describe('fanout', () => {
  test('sends through every backend, at the same time', async () => {
    const { a, b } = pair();
    const waiting = Promise.withResolvers<undefined>();
    a.answer = () => waiting.promise;
    b.answer = () => waiting.resolve(undefined);
    const { push } = serviceOf(fanout(a, b));
    expect(await push.send({ ...message, channels: 'x' })).toMatchObject({ accepted: ['x'] });
    expect([a.sent, b.sent]).toEqual([[['x']], [['x']]]);
  });

  test('counts a channel as accepted when every backend accepted it, and says who did not', async () => {
    const { a, b } = pair({ maxChannelsPerRequest: 10 });
    b.answer = ({ channels }) =>
      channels.map((channel): ChannelResult => ({ channel, ...(channel === 'y' && { error: refusal('no y here') }) }));
    const { push } = serviceOf(fanout(a, b));
    const report = await push.send({ ...message, channels: ['x', 'y', 'z'] });
    expect(report).toMatchObject({ status: 'partial', accepted: ['x', 'z'] });
    expect(report.rejected).toMatchObject([
      {
        channel: 'y',
        error: {
          // It has arrived at some, which `rejected` would deny.
          outcome: 'unknown',
          retryable: false,
          message: 'The message was accepted by a, but not by all of fanout(a, b). b: no y here',
        },
      },
    ]);
  });

  test('counts a channel as accepted when one backend accepted it and the others skipped it', async () => {
    const { a, b } = pair();
    a.answer = () => ({ skipped: 'already read' });
    const { push } = serviceOf(fanout(a, b));
    expect(await push.send({ ...message, channels: 'x' })).toMatchObject({ accepted: ['x'], skipped: [] });
    b.answer = () => ({ skipped: 'muted' });
    expect(await push.send({ ...message, channels: 'x' })).toMatchObject({
      status: 'skipped',
      skipped: [{ channel: 'x', reason: 'already read' }],
    });
  });

  test('tells each backend that a message is recorded', async () => {
    const { a, b } = pair();
    const backend = fanout(a, b);
    const recorded = recordedMessage('e', { id: 1 });
    await deliver(backend, ['x'], recorded, { signal: new AbortController().signal });
    await deliver(backend, ['x'], { ...recorded, payload: recorded.payload }, { signal: new AbortController().signal });
    expect([...a.requests, ...b.requests].map(({ message: { isRecorded, id } }) => [isRecorded, id])).toEqual(
      Array(4).fill([true, recorded.id]),
    );
  });

  test('asks again only who refused, and not who skipped, which is not named as one that accepted', async () => {
    const { a, b } = pair();
    a.answer = () => ({ skipped: 'already read' });
    b.answer = throwing(() => failure('rejected', true));
    const { push } = serviceOf(fanout(a, b), { retries: 1 });
    const error = await failureOf(DeliveryError, push.send({ ...message, channels: 'x' }));
    expect([a, b].map(({ requests }) => requests.length)).toEqual([1, 2]);
    expect(error.outcome).toBe('rejected');
    expect(error.message).toContain('No backend of fanout(a, b) accepted the message. b: It is rejected.');
  });

  test('within failover, is the only one to get what one of its backends accepted', async () => {
    const { a, b } = pair();
    const c = new NamedBackend('c');
    b.answer = throwing(() => refusal('no'));
    const { push, logger } = serviceOf(failover(fanout(a, b), c));
    for (let index = 0; index < 6; index++) {
      const error = await failureOf(DeliveryError, push.send({ ...message, channels: `c${index}` }));
      expect(error.outcome).toBe('unknown');
    }
    expect([a, b, c].map(({ requests }) => requests.length)).toEqual([6, 6, 0]);
    // What was refused says nothing of the providers.
    expect(logger.entries.filter(({ level }) => level !== 'debug')).toEqual([]);
    b.answer = throwing(() => failure('unknown'));
    for (let index = 0; index < 5; index++)
      await failureOf(DeliveryError, push.send({ ...message, channels: `d${index}` }));
    await push.send({ ...message, channels: 'e' });
    expect(c.sent).toEqual([['e']]);
  });

  test('tells of an unknown outcome when that of one backend is', async () => {
    const { a, b } = pair();
    a.answer = throwing(() => failure('unknown'));
    b.answer = throwing(() => refusal('no'));
    const { push } = serviceOf(fanout(a, b));
    const error = await failureOf(DeliveryError, push.send({ ...message, channels: 'x' }));
    expect(error.outcome).toBe('unknown');
    expect(error.message).toContain('No backend of fanout(a, b) accepted the message. a: It is unknown. b: no');
  });

  test('gives what the first backend told that told anything', async () => {
    const { a, b } = pair({ maxChannelsPerRequest: 10 });
    b.answer = ({ channels }) => channels.map((channel) => ({ channel, info: { id: 7 } }));
    const { push } = serviceOf(fanout(a, b));
    expect((await push.send({ ...message, channels: ['x', 'y'] })).info).toEqual({ x: { id: 7 }, y: { id: 7 } });
  });

  test('has one error for all channels that failed alike', async () => {
    const { a, b } = pair({ maxChannelsPerRequest: 10 });
    const no = refusal('no');
    b.answer = throwing(() => no);
    const { push } = serviceOf(fanout(a, b));
    const { report } = await failureOf(DeliveryError, push.send({ ...message, channels: ['x', 'y'] }));
    expect(report?.rejected[0]?.error).toBe(report?.rejected[1]?.error);
  });
});

describe('a retry of fanout', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  test('goes to no backend that accepted before, and to none that refused for good', async () => {
    const [a, b, c] = ['a', 'b', 'c'].map((name) => new NamedBackend(name)) as [
      NamedBackend,
      NamedBackend,
      NamedBackend,
    ];
    b.answer = throwing(() => new AuthenticationError('who are you?', { status: 401 }));
    c.answer = (_request, index) => (index === 0 ? throwing(unreached)() : undefined);
    const { push } = serviceOf(fanout(a, b, c), { retries: 3 });
    const sent = failureOf(DeliveryError, push.send({ ...message, channels: 'x' }));
    await vi.runAllTimersAsync();
    const error = await sent;
    expect(error.message).toContain('accepted by a, c, but not by all of fanout(a, b, c). b: who are you?');
    expect([a, b, c].map(({ requests }) => requests.length)).toEqual([1, 1, 2]);
  });

  test('after a deadline goes to the one that did not answer', async () => {
    const { a, b } = pair();
    b.answer = (_request, index) => (index === 0 ? never() : undefined);
    const { push } = serviceOf(fanout(a, b), { retries: 1, timeout: 100 });
    const sent = push.send({ ...message, channels: 'x' });
    await vi.runAllTimersAsync();
    expect(await sent).toMatchObject({ accepted: ['x'], attempts: 2 });
    expect([a.requests.length, b.requests.length]).toEqual([1, 2]);
  });

  test('does not wait for a backend that is left out', async () => {
    const { a, b } = pair();
    b.answer = throwing(unreached);
    const { push } = serviceOf(fanout(a, b));
    for (let index = 0; index < 5; index++)
      await failureOf(DeliveryError, push.send({ ...message, channels: `c${index}` }));
    const { report } = await failureOf(DeliveryError, push.send({ ...message, channels: 'x' }));
    expect(report?.rejected[0]?.error.message).toBe(
      'The message was accepted by a, but not by all of fanout(a, b). b: It was not asked: its last requests failed, or it asked to wait.',
    );
    expect([a.requests.length, b.requests.length]).toEqual([6, 5]);
  });
});
