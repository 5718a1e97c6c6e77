import { beforeEach, describe, expect, test } from 'vitest';
import {
  AuthenticationError,
  createPushService,
  DeliveryError,
  PushServiceWrapper,
  RateLimitError,
  type SendReport,
} from '../../src/index.js';
import { failureOf } from '../support/failure-of.js';
import { RecordingBackend } from '../support/recording-backend.js';

let backend = new RecordingBackend();

beforeEach(() => {
  backend = new RecordingBackend({ maxChannelsPerRequest: 10 });
});

function send(answer: unknown): Promise<SendReport> {
  backend.answer = () => answer;
  return createPushService({ backend, retries: 0 }).send({ channels: ['a', 'b', 'c'], data: 1 });
}

describe('what a backend answers for several channels', () => {
  test.each<[string, unknown]>([
    ['nothing', undefined],
    ['null', null],
    ['a result for each', [{ channel: 'a' }, { channel: 'b' }, { channel: 'c' }]],
    ['results in another order', [{ channel: 'c' }, { channel: 'a' }, { channel: 'b' }]],
    [
      'results whose error is null',
      [{ channel: 'a', error: null }, { channel: 'b' }, { channel: 'c', error: undefined }],
    ],
    [
      'more results than channels',
      [{ channel: 'x', error: new Error('stranger') }, { channel: 'a' }, { channel: 'b' }, { channel: 'c' }],
    ],
  ])('%s: all were accepted', async (_what, answer) => {
    expect(await send(answer)).toMatchObject({ status: 'accepted', accepted: ['a', 'b', 'c'], rejected: [] });
  });

  test('failures in another order belong to the channels that they name', async () => {
    const report = await send([{ channel: 'c', error: new Error('no c') }, { channel: 'b' }, { channel: 'a' }]);
    expect(report.accepted).toEqual(['a', 'b']);
    expect(report.rejected).toMatchObject([{ channel: 'c', error: { message: 'The recording backend failed: no c' } }]);
  });

  test.each<[string, unknown]>([
    ['is missing', [{ channel: 'a' }, { channel: 'c' }]],
    ['is not there but a hole', [{ channel: 'a' }, undefined, { channel: 'c' }]],
  ])('a channel whose result %s is not accepted, for its outcome is unknown', async (_what, answer) => {
    const report = await send(answer);
    expect(report.accepted).toEqual(['a', 'c']);
    expect(report.rejected).toMatchObject([
      {
        channel: 'b',
        error: {
          message: 'The recording backend gave no result for this channel.',
          outcome: 'unknown',
          retryable: false,
        },
      },
    ]);
  });

  test.each<[string, unknown]>([
    ['a text', 'ok'],
    ['an object', { ok: true }],
    ['a number', 200],
  ])('%s is no list of results', async (_what, answer) => {
    const error = await failureOf(DeliveryError, send(answer));
    expect(error.report?.rejected.map((rejected) => rejected.error.message)).toEqual(
      Array(3).fill('The recording backend failed: it returned no list of results.'),
    );
    expect(error.outcome).toBe('unknown');
  });

  test('an error that is no Error is one all the same', async () => {
    const report = await send([{ channel: 'a', error: 'bad' }, { channel: 'b' }, { channel: 'c' }]);
    expect(report.rejected).toMatchObject([
      { channel: 'a', error: { name: 'DeliveryError', message: 'The recording backend failed: bad' } },
    ]);
  });
});

describe('for one channel', () => {
  class Synchronous extends PushServiceWrapper {
    /** JavaScript code may do without a promise. */
    protected override sendData(channel: string): Promise<unknown> {
      if (channel === 'bad') throw new TypeError('thrown at once');
      return (channel === 'nothing' ? undefined : { anything: true }) as unknown as Promise<unknown>;
    }
  }

  test('whatever is returned, with or without a promise, counts as accepted', async () => {
    const report = await createPushService({ backend: Synchronous }).send({ channels: ['nothing', 'good'], data: 1 });
    expect(report).toMatchObject({ status: 'accepted' });
  });

  test("what is thrown without a promise is that channel's failure", async () => {
    const report = await createPushService({ backend: Synchronous }).send({
      channels: ['good', 'bad', 'nothing'],
      data: 1,
    });
    expect(report).toMatchObject({ status: 'partial', accepted: ['good', 'nothing'] });
    expect(report.rejected).toMatchObject([
      { channel: 'bad', error: { message: 'The Synchronous backend failed: thrown at once', outcome: 'unknown' } },
    ]);
  });
});

describe('the reason of a DeliveryError', () => {
  async function reasonFor(...errors: readonly unknown[]): Promise<unknown> {
    const channels = ['a', 'b'];
    backend.answer = () => channels.map((channel, index) => ({ channel, error: errors[index] ?? errors[0] }));
    const push = createPushService({ backend, retries: 0 });
    return (await failureOf(DeliveryError, push.send({ channels, data: 1 }))).reason;
  }

  test.each([
    ['the one error of all channels', [new AuthenticationError('wrong key', { status: 401 })], 0],
    ['one of several that are alike', [new AuthenticationError('a'), new AuthenticationError('b')], 0],
    [
      'the one with the longest wait',
      [new RateLimitError('a', { retryAfter: 5 }), new RateLimitError('b', { retryAfter: 9 })],
      1,
    ],
    [
      'that of a DeliveryError',
      [
        new AuthenticationError('a'),
        new DeliveryError('b', { outcome: 'rejected', reason: new AuthenticationError('c') }),
      ],
      0,
    ],
  ])('is %s', async (_what, errors, index) => {
    expect(await reasonFor(...errors)).toBe(errors[index]);
  });

  test.each([
    ['of two classes', [new AuthenticationError('a'), new RateLimitError('a')]],
    ['of two statuses', [new AuthenticationError('a', { status: 401 }), new AuthenticationError('a', { status: 403 })]],
    ['without a class of their own', [new Error('a'), new Error('b')]],
  ])('is undefined for errors %s', async (_what, errors) => {
    expect(await reasonFor(...errors)).toBeUndefined();
  });

  test('shows no secret', async () => {
    backend = new RecordingBackend({ maxChannelsPerRequest: 10 }, { secretKey: 'open-sesame' });
    const reason = new AuthenticationError('open-sesame is wrong');
    expect(await reasonFor(new DeliveryError('no', { outcome: 'rejected', reason }))).toMatchObject({
      message: '[secret] is wrong',
    });
  });
});

describe('one error that stands for many channels', () => {
  /** How many texts are looked through for secrets when so many channels fail with the error. */
  async function textsLookedThrough(error: Error, count: number): Promise<number> {
    let texts = 0;
    const failing = new RecordingBackend({ maxChannelsPerRequest: 1000 });
    failing.redact = (text) => {
      texts++;
      return text;
    };
    failing.answer = ({ channels }) =>
      channels.map((channel) => (channel === 'fine' ? { channel } : { channel, error }));
    const channels = ['fine', ...Array.from({ length: count }, (_, index) => `c${index}`)];
    const report = await createPushService({ backend: failing, retries: 0 }).send({ channels, data: 1 });
    expect(report.rejected).toHaveLength(count);
    return texts;
  }

  test.each([
    ['an error of its own', new Error('no', { cause: new Error('inner') })],
    ['a PushError', new AuthenticationError('no')],
  ])('is looked through for secrets once: %s', async (_what, error) => {
    const once = await textsLookedThrough(error, 1);
    expect(once).toBeGreaterThan(0);
    expect(await textsLookedThrough(error, 500)).toBe(once);
  });

  test('is cleaned once, and every channel gets it without the secret', async () => {
    const error = new Error('open-sesame is wrong');
    const failing = new RecordingBackend({ maxChannelsPerRequest: 10 }, { secretKey: 'open-sesame' });
    failing.answer = ({ channels }) => channels.map((channel) => (channel === 'a' ? { channel } : { channel, error }));
    const { rejected } = await createPushService({ backend: failing }).send({ channels: ['a', 'b', 'c'], data: 1 });
    expect(rejected.map((one) => one.error.message)).toEqual([
      'The recording backend failed: [secret] is wrong',
      'The recording backend failed: [secret] is wrong',
    ]);
  });
});
