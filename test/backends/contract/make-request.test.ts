import { beforeEach, describe, expect, test } from 'vitest';
import { checkedCapabilities } from '../../../src/backends/contract/capabilities.js';
import { asPushError } from '../../../src/backends/contract/failure.js';
import { makeRequest, type Outcome } from '../../../src/backends/contract/make-request.js';
import { outgoingMessage } from '../../../src/backends/contract/message.js';
import { type AddressedMessage, AuthenticationError, type OutgoingMessage } from '../../../src/index.js';
import { RecordingBackend } from '../../support/recording-backend.js';

const { signal } = new AbortController();
const limits = {
  maxChannelsPerRequest: 3,
  maxMessagesPerRequest: 3,
  sharesRequest: (name: string) => name !== 'alone',
};
let backend = new RecordingBackend();

beforeEach(() => {
  backend = new RecordingBackend(limits);
});

function message(event: string): OutgoingMessage {
  const parts = { id: event, event, json: '1', payload: '1', notification: undefined };
  return outgoingMessage({ ...parts, except: undefined, idempotencyKey: undefined, backendOptions: undefined });
}

const [one, other] = [message('one'), message('other')];

function request(...messages: AddressedMessage[]): Promise<readonly Outcome[]> {
  const failureOf = (error: unknown) => asPushError(error, backend);
  return makeRequest({ backend, capabilities: checkedCapabilities(backend), failureOf }, messages, { signal });
}

describe('a request goes to', () => {
  test.each<[string, string, AddressedMessage[]]>([
    ['sendData', 'one message to one channel', [{ channel: 'a', message: one }]],
    ['sendData', 'one message to a channel that shares no request', [{ channel: 'alone', message: one }]],
    ['sendBatch', 'one message to several channels', ['a', 'b', 'c'].map((channel) => ({ channel, message: one }))],
    [
      'sendMessages',
      'more channels than one batch takes',
      ['a', 'b', 'c', 'd'].map((channel) => ({ channel, message: one })),
    ],
    ['sendMessages', 'channels that share no request', ['a', 'alone'].map((channel) => ({ channel, message: one }))],
    [
      'sendMessages',
      'different messages',
      [
        { channel: 'a', message: one },
        { channel: 'a', message: other },
      ],
    ],
  ])('%s: %s', async (method, _what, messages) => {
    expect(await request(...messages)).toEqual(messages.map(({ channel }) => ({ channel })));
    expect(backend.requests).toMatchObject([{ method, messages, signal }]);
  });

  test('nothing, when it is empty', async () => {
    expect(await request()).toEqual([]);
    expect(backend.requests).toEqual([]);
  });
});

describe('its outcomes', () => {
  const batch = ['a', 'b'].map((channel) => ({ channel, message: one }));

  test('are in the order of the messages, with errors as PushErrors', async () => {
    backend.answer = () => [
      { channel: 'b', info: { id: 1 } },
      { channel: 'a', error: new Error('no') },
    ];
    expect(await request(...batch)).toMatchObject([
      { channel: 'a', error: { code: 'DELIVERY', message: 'The recording backend failed: no' } },
      { channel: 'b', info: { id: 1 } },
    ]);
  });

  test('are told apart by their place, where two messages go to one channel', async () => {
    backend.answer = () => [{ channel: 'a' }, { channel: 'a', error: new AuthenticationError('no') }];
    const outcomes = await request({ channel: 'a', message: one }, { channel: 'a', message: other });
    expect(outcomes).toMatchObject([{ channel: 'a' }, { channel: 'a', error: { code: 'AUTHENTICATION' } }]);
    expect(outcomes[0]).not.toHaveProperty('error');
  });

  test('are one failure for all messages, where the request fails as a whole', async () => {
    backend.answer = () => {
      throw Object.assign(new Error('reset'), { code: 'ECONNRESET' });
    };
    const [a, b] = await request(...batch);
    expect(a?.error).toMatchObject({ outcome: 'unknown', retryable: true });
    expect(b?.error).toBe(a?.error);
  });

  test.each([
    ['sendBatch', batch],
    ['sendMessages', [batch[0], { channel: 'b', message: other }] as AddressedMessage[]],
  ] as const)('are failures, where a backend says that it has %s and has none', async (method, messages) => {
    Object.defineProperty(backend, method, { value: undefined });
    const outcomes = await request(...messages);
    for (const { error } of outcomes) expect(error?.message).toContain(`it has no ${method}()`);
    expect(backend.requests).toEqual([]);
  });
});
