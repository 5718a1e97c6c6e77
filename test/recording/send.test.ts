import { describe, expect, it } from 'vitest';
import {
  AuthenticationError,
  createPushService,
  DeliveryError,
  RateLimitError,
  ValidationError,
} from '../../src/index.js';
import { RecordingBackend } from '../support/recording-backend.js';
import { recordedService } from './recorded-service.js';

const MINUTE = 60_000;
const away = (): DeliveryError => new DeliveryError('the provider is away', { outcome: 'rejected', retryable: true });

describe('a send that is recorded', () => {
  it('is sent at once, and its record says what became of each channel', async () => {
    await using recorded = recordedService();
    const { push, backend, events } = recorded;
    const report = await push.send({ event: 'order.shipped', channels: ['a', 'b'], data: { orderId: 42 } });
    expect(report).toMatchObject({ status: 'accepted', accepted: ['a', 'b'] });
    expect(backend.sent).toEqual([['a'], ['b']]);
    expect(backend.requests[0]?.message).toMatchObject({ id: report.id, isRecorded: true });
    const record = await push.messages.get(report.id);
    expect(record).toMatchObject({
      id: report.id,
      service: 'default',
      state: 'SENT',
      event: 'order.shipped',
      recipients: { channels: ['a', 'b'] },
      data: { orderId: 42 },
      backend: 'recording',
      attempts: 1,
      retrySending: false,
      error: undefined,
      sentAt: new Date(recorded.clock.now()),
    });
    expect(record?.channels).toMatchObject([{ state: 'accepted', channels: ['a', 'b'] }]);
    expect(events).toEqual(['recorded order.shipped', 'sent order.shipped']);
  });

  it('that fails at once and has tries left resolves as waiting, and is sent by the next try', async () => {
    await using recorded = recordedService();
    const { push, backend, clock, events } = recorded;
    backend.answer = (_, index) => {
      if (index === 0) throw away();
    };
    const report = await push.send({ event: 'hello', channels: 'a' });
    expect(report).toMatchObject({ status: 'waiting', accepted: [], rejected: [{ channel: 'a' }] });
    expect(await push.messages.get(report.id)).toMatchObject({
      state: 'ERROR_RETRY',
      attempts: 1,
      retrySending: true,
      error: { code: 'DELIVERY', message: 'the provider is away', retryable: true },
    });
    await clock.advance(MINUTE / 2);
    expect(backend.requests).toHaveLength(1);
    await clock.advance(MINUTE);
    expect(backend.requests).toHaveLength(2);
    expect(backend.requests[1]?.message).toMatchObject({ id: report.id, event: 'hello' });
    expect(await push.messages.get(report.id)).toMatchObject({ state: 'SENT', attempts: 2, retrySending: false });
    expect(events).toEqual(['recorded hello', 'retrying hello', 'sent hello']);
  });

  it('never sends again to a channel that has accepted', async () => {
    await using recorded = recordedService();
    const { push, backend, clock } = recorded;
    backend.answer = ({ channels }, index) => {
      if (channels[0] === 'b' && index < 3) throw away();
    };
    const report = await push.send({ event: 'hello', channels: ['a', 'b', 'c'] });
    expect(report).toMatchObject({ status: 'waiting', accepted: ['a', 'c'] });
    await clock.advance(2 * MINUTE);
    expect(backend.sent).toEqual([['a'], ['b'], ['c'], ['b']]);
    const record = await push.messages.get(report.id);
    expect(record?.state).toBe('SENT');
    expect(
      record?.channels.flatMap(({ state, channels }) => channels.map((channel) => `${channel} ${state}`)).sort(),
    ).toEqual(['a accepted', 'b accepted', 'c accepted']);
  });

  it('throws when it is refused for good, and is not tried again', async () => {
    await using recorded = recordedService();
    const { push, backend, clock, events } = recorded;
    backend.answer = () => {
      throw new AuthenticationError('the key is wrong');
    };
    const failure = await push.send({ event: 'hello', channels: 'a' }).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(DeliveryError);
    const { report } = failure as DeliveryError;
    expect(report?.status).toBe('rejected');
    await clock.advance(100 * MINUTE);
    expect(backend.requests).toHaveLength(1);
    const record = await push.messages.get(report?.id ?? '');
    expect(record).toMatchObject({ state: 'ERROR', error: { name: 'AuthenticationError', code: 'AUTHENTICATION' } });
    expect(record?.channels).toMatchObject([{ state: 'rejected', channels: ['a'] }]);
    expect(events).toEqual(['recorded hello', 'failed hello']);
  });

  it('ends as ERROR when the tries are used up', async () => {
    await using recorded = recordedService();
    const { push, backend, clock } = recorded;
    backend.answer = () => {
      throw away();
    };
    const { id } = await push.send({ event: 'hello', channels: 'a' });
    await clock.advance(2 * MINUTE);
    await clock.advance(70 * MINUTE);
    expect(backend.requests).toHaveLength(3);
    expect(await push.messages.get(id)).toMatchObject({ state: 'ERROR', attempts: 3, retrySending: false });
  });

  it('waits as long as the provider asks to', async () => {
    await using recorded = recordedService();
    const { push, backend, clock } = recorded;
    backend.answer = (_, index) => {
      if (index === 0) throw new RateLimitError('slow down', { retryAfter: 10 * MINUTE });
    };
    const { id, status } = await push.send({ event: 'hello', channels: 'a' });
    expect(status).toBe('waiting');
    await clock.advance(9 * MINUTE);
    expect(backend.requests).toHaveLength(1);
    await clock.advance(2 * MINUTE);
    expect(await push.messages.get(id)).toMatchObject({ state: 'SENT' });
  });

  it('takes its own waits before further tries, and none for an empty list', async () => {
    await using recorded = recordedService();
    const { push, backend, clock } = recorded;
    backend.answer = () => {
      throw away();
    };
    await expect(push.send({ event: 'hello', channels: 'a', retryDelays: [] })).rejects.toThrow('the provider is away');
    const { id } = await push.send({ event: 'hello', channels: 'a', retryDelays: ['10s'] });
    await clock.advance(12_000);
    expect(await push.messages.get(id)).toMatchObject({ state: 'ERROR', attempts: 2 });
  });

  it('keeps a channel unknown that a later try refuses', async () => {
    await using recorded = recordedService();
    const { push, backend, clock } = recorded;
    backend.answer = (_, index) => {
      throw index === 0
        ? new DeliveryError('no answer', { outcome: 'unknown', retryable: true })
        : new DeliveryError('refused', { outcome: 'rejected' });
    };
    const { id } = await push.send({ event: 'hello', channels: 'a' });
    await clock.advance(2 * MINUTE);
    expect(await push.messages.get(id)).toMatchObject({
      state: 'ERROR',
      channels: [{ state: 'unknown', channels: ['a'] }],
    });
  });

  it('leaves what is unknown as it is with whenUnknown: keep', async () => {
    await using recorded = recordedService();
    const { push, backend, clock } = recorded;
    backend.answer = () => {
      throw new DeliveryError('no answer', { outcome: 'unknown', retryable: true });
    };
    const failure = await push.send({ event: 'hello', channels: 'a', whenUnknown: 'keep' }).catch((error) => error);
    expect(failure).toMatchObject({ outcome: 'unknown' });
    await clock.advance(100 * MINUTE);
    expect(backend.requests).toHaveLength(1);
  });

  it('is not sent when a check fails, and nothing is recorded', async () => {
    await using recorded = recordedService();
    const { push, backend } = recorded;
    await expect(push.send({ event: '', channels: 'a' })).rejects.toThrow(ValidationError);
    await expect(push.send({ event: 'hello', channels: '' })).rejects.toThrow(ValidationError);
    await expect(push.send({ event: 'hello', users: [{} as never] })).rejects.toThrow(ValidationError);
    expect(await push.messages.count()).toBe(0);
    expect(backend.requests).toHaveLength(0);
  });

  it('is not recorded with record: false', async () => {
    await using recorded = recordedService();
    const { push, backend } = recorded;
    expect(await push.send({ event: 'hello', channels: 'a', record: false })).toMatchObject({ status: 'accepted' });
    expect(backend.requests[0]?.message.isRecorded).toBeUndefined();
    expect(await push.messages.count()).toBe(0);
    await expect(
      push.sendMany([
        { event: 'hello', channels: 'a', record: false },
        { event: 'hello', channels: 'a' },
      ]),
    ).rejects.toThrow('The messages of sendMany() must all have "record: false", or none of them.');
    await expect(push.send({ event: 'later', channels: 'a', record: false, delay: '1m' })).rejects.toThrow(
      'send() has no option "delay": "delay" needs the record of the message: leave out "record: false", or "delay".',
    );
  });

  it('is cancelled by the signal of its caller', async () => {
    await using recorded = recordedService();
    const { push, backend } = recorded;
    const controller = new AbortController();
    backend.answer = async () => {
      controller.abort();
      throw away();
    };
    const failure = await push
      .send({ event: 'hello', channels: 'a', signal: controller.signal })
      .catch((error: unknown) => error);
    const { messages } = await push.messages.find();
    expect(failure).toBeInstanceOf(DeliveryError);
    expect(messages).toMatchObject([{ state: 'CANCELLED', error: { code: 'ABORTED' } }]);
  });
});

describe('many messages', () => {
  it('are recorded together, and each has its report', async () => {
    await using recorded = recordedService();
    const { push, backend } = recorded;
    backend.answer = ({ channels }) => {
      if (channels[0] === 'b') throw new AuthenticationError('no');
      if (channels[0] === 'c') throw away();
    };
    const reports = await push.sendMany([
      { event: 'one', channels: 'a' },
      { event: 'two', channels: 'b' },
      { event: 'three', channels: 'c' },
      { event: 'four', channels: 'd', delay: '1h' },
    ]);
    expect(reports.map(({ event, status }) => [event, status])).toEqual([
      ['one', 'accepted'],
      ['two', 'rejected'],
      ['three', 'waiting'],
      ['four', 'waiting'],
    ]);
    expect(await push.messages.count({ state: ['SENT', 'ERROR', 'ERROR_RETRY', 'WAITING'] })).toBe(4);
  });
});

describe('without a message store', () => {
  it.each([
    'wait',
    'transaction',
    'delay',
    'at',
    'expires',
    'priority',
    'when',
    'key',
    'tag',
    'relatedTo',
    'extraData',
    'retryDelays',
    'whenUnknown',
    'traceContext',
  ])('%s is refused, and the error says what it needs', async (option) => {
    const backend = new RecordingBackend();
    await using push = createPushService({ backend });
    const sending = push.send({ event: 'hello', channels: 'a', [option]: 'x' } as never);
    await expect(sending).rejects.toThrow(ValidationError);
    await expect(sending).rejects.toThrow(
      `send() has no option "${option}": it needs a message store, which keeps the message until it is sent: set "messages" in PUSH_SERVER`,
    );
    expect(backend.requests).toHaveLength(0);
  });

  it('options of the store that are undefined say nothing', async () => {
    const backend = new RecordingBackend();
    await using push = createPushService({ backend });
    const nothing = { delay: undefined, wait: undefined, when: undefined, transaction: undefined };
    await push.send({ event: 'hello', channels: 'a', ...nothing });
    await push.send({ event: 'hello', channels: 'a', record: false, ...nothing });
    expect(backend.requests).toHaveLength(2);
    await expect(push.send({ event: 'hello', channels: 'a', delai: undefined } as never)).rejects.toThrow('"delai"');
  });

  it('messages of the store cannot be asked for', async () => {
    await using push = createPushService({ backend: new RecordingBackend() });
    await expect(push.messages.find()).rejects.toThrow(
      'messages.find() needs a message store: set "messages" in PUSH_SERVER',
    );
    await expect(push.cancel('key')).rejects.toThrow('cancel() needs a message store');
    push.wake();
  });
});
