import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import {
  type BackendCapabilities,
  type ChannelResult,
  createPushService,
  DeliveryError,
  type SendOptions,
} from '../../src/index.js';
import { failureOf } from '../support/failure-of.js';
import { RecordingBackend } from '../support/recording-backend.js';

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

/** A provider that drops a message whose id has come before. */
class IdempotentBackend extends RecordingBackend {
  /** Each delivery: the channel, and the message's event. */
  readonly delivered: string[] = [];
  readonly #seen = new Set<string>();
  /** Fails after the messages are delivered; undefined lets the answer through. */
  fail: (attempt: number) => Promise<never> | undefined = () => undefined;

  constructor(limits: Partial<BackendCapabilities> = {}) {
    super({ ...limits, idempotent: true });
    this.answer = async ({ messages }, index): Promise<ChannelResult[]> => {
      for (const { channel, message } of messages) {
        const key = `${message.id} ${channel}`;
        if (!this.#seen.has(key)) this.delivered.push(`${channel} ${message.event}`);
        this.#seen.add(key);
      }
      await this.fail(index + 1);
      return messages.map(({ channel }) => ({ channel }));
    };
  }

  get ids(): readonly (readonly string[])[] {
    return this.requests.map(({ messages }) => [...new Set(messages.map(({ message }) => message.id))]);
  }
}

const lost = (): Promise<never> => Promise.reject(Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' }));
const late = (): Promise<never> => new Promise(() => {});

describe('a provider that drops what comes twice delivers once, whatever befalls the answers', () => {
  test.each<[string, Partial<BackendCapabilities>, SendOptions[]]>([
    ['sendData', {}, [{ event: 'e', channels: ['a'], data: 1 }]],
    ['sendBatch', { maxChannelsPerRequest: 10 }, [{ event: 'e', channels: ['a', 'b', 'c'], data: 1 }]],
    [
      'sendMessages',
      { maxMessagesPerRequest: 10, keepsOrder: () => true },
      [
        { event: 'e', channels: ['a'], data: 1 },
        { event: 'f', channels: ['a', 'b'], data: 2 },
      ],
    ],
  ])('by %s', async (method, limits, messages) => {
    const backend = new IdempotentBackend(limits);
    backend.fail = (attempt) => [lost, late][attempt - 1]?.();
    const sending = createPushService({ backend }).sendMany(messages);
    const [reports] = await Promise.all([sending, vi.runAllTimersAsync()]);
    expect(backend.requests.map((request) => request.method)).toEqual([method, method, method]);
    const ids = reports.map(({ id }) => id);
    expect(backend.ids).toEqual([ids, ids, ids]);
    expect(reports).toMatchObject(messages.map(({ channels }) => ({ accepted: channels, attempts: 3 })));
    expect(backend.delivered).toEqual(
      messages.flatMap(({ channels = [], event }) => [...channels].map((channel) => `${channel} ${event}`)),
    );
  });
});

test('a message that is sent anew has another id, and is delivered again', async () => {
  const backend = new IdempotentBackend();
  const push = createPushService({ backend });
  const message = { event: 'e', channels: 'a', data: 1 };
  const ids = [(await push.send(message)).id, (await push.send(message)).id];
  expect(backend.ids).toEqual(ids.map((id) => [id]));
  expect(backend.delivered).toEqual(['a e', 'a e']);
});

test('an outcome that stays unknown is told as unknown, also of a provider that drops what comes twice', async () => {
  const backend = new IdempotentBackend();
  backend.fail = lost;
  const sending = createPushService({ backend, retries: 2 }).send({ event: 'e', channels: 'a', data: 1 });
  const [error] = await Promise.all([failureOf(DeliveryError, sending), vi.runAllTimersAsync()]);
  expect(error).toMatchObject({ outcome: 'unknown', retryable: true, report: { attempts: 3, status: 'rejected' } });
  expect(backend.ids).toEqual(Array(3).fill([error.report?.id]));
  expect(backend.delivered).toEqual(['a e']);
});
