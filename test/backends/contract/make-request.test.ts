import { beforeEach, describe, expect, test } from 'vitest';
import { checkedCapabilities } from '../../../src/backends/contract/capabilities.js';
import { asPushError } from '../../../src/backends/contract/failure.js';
import { makeRequest, type Outcome } from '../../../src/backends/contract/make-request.js';
import { outgoingMessage } from '../../../src/backends/contract/message.js';
import type { RequestAnswer } from '../../../src/backends/contract/request.js';
import {
  type AddressedMessage,
  type AnyBackend,
  AuthenticationError,
  BatchServiceWrapper,
  type OutgoingMessage,
} from '../../../src/index.js';
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

/** A backend of batches with one answer to each. */
class AnsweringBackend extends BatchServiceWrapper {
  readonly #answer: unknown;

  constructor(answer: unknown) {
    super();
    this.#answer = answer;
  }

  protected async sendBatch(): Promise<RequestAnswer> {
    return this.#answer as RequestAnswer;
  }
}

function request(...messages: AddressedMessage[]): Promise<readonly Outcome[]> {
  return requestOf(backend, messages);
}

async function requestOf(backend: AnyBackend, messages: readonly AddressedMessage[]): Promise<readonly Outcome[]> {
  const failureOf = (error: unknown) => asPushError(error, backend);
  const target = { backend, capabilities: checkedCapabilities(backend), failureOf };
  const outcomes = await makeRequest(target, messages, { signal });
  return outcomes ?? messages.map(({ channel }) => ({ channel }));
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

  test.each<[string, unknown]>([
    ['an empty list', []],
    ['a result for another channel', [{ channel: 'other' }]],
    ["another channel's error", [{ channel: 'other', error: new Error('no') }]],
    ['no result in the list', [null]],
    ['a text', 'x'],
    ['an object', {}],
    ['a number', 1],
  ])('are the same for one channel as for two, where a batch is answered with %s', async (_what, answer) => {
    const alone = (await requestOf(new AnsweringBackend(answer), batch.slice(0, 1)))[0];
    const [first] = await requestOf(new AnsweringBackend(answer), batch);
    expect(alone).toEqual(first);
    expect(alone?.error).toMatchObject({ code: 'DELIVERY', message: expect.stringMatching(/no (result|list)/) });
  });

  test.each<[string, unknown, object]>([
    ['nothing', undefined, {}],
    ['null', null, {}],
    ['a result', [{ channel: 'a' }], {}],
    ['details', [{ channel: 'a', info: { id: 1 } }], { info: { id: 1 } }],
    ['an error', [{ channel: 'a', error: new AuthenticationError('no') }], { error: { code: 'AUTHENTICATION' } }],
  ])('tell what a batch of one was answered with: %s', async (_what, answer, expected) => {
    const [outcome] = await requestOf(new AnsweringBackend(answer), batch.slice(0, 1));
    expect(outcome).toMatchObject({ channel: 'a', ...expected });
    expect(Object.keys(outcome ?? {})).toEqual(['channel', ...Object.keys(expected)]);
  });
});
