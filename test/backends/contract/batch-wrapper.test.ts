import { describe, expect, test } from 'vitest';
import {
  BatchServiceWrapper,
  type ChannelResult,
  createPushService,
  type OutgoingMessage,
  PushServiceWrapper,
} from '../../../src/index.js';

/** Takes several channels in one request, and has no `sendData`. */
class BatchingService extends BatchServiceWrapper {
  readonly batches: (readonly string[])[] = [];
  results: ((channels: readonly string[]) => ChannelResult[]) | undefined;

  protected override async sendBatch(channels: readonly string[], _message: OutgoingMessage): Promise<ChannelResult[]> {
    this.batches.push(channels);
    return this.results?.(channels) as ChannelResult[];
  }
}

describe('a backend with sendBatch alone', () => {
  test('sends to one channel, and to several', async () => {
    const backend = new BatchingService();
    const push = createPushService({ backend });
    expect(backend).toBeInstanceOf(PushServiceWrapper);
    expect(backend.capabilities.maxChannelsPerRequest).toBe(Number.POSITIVE_INFINITY);
    expect(await push.send({ channels: 'a', data: 1 })).toMatchObject({ accepted: ['a'] });
    expect(await push.send({ channels: ['a', 'b'], data: 1 })).toMatchObject({ accepted: ['a', 'b'] });
    expect(backend.batches).toEqual([['a'], ['a', 'b']]);
  });

  test('answers for one channel as it does for several', async () => {
    const backend = new BatchingService();
    const push = createPushService({ backend });
    backend.results = (channels) => channels.map((channel) => ({ channel, info: { timetoken: '1' } }));
    expect((await push.send({ channels: 'a', data: 1 })).info).toEqual({ a: { timetoken: '1' } });
    backend.results = (channels) => channels.map((channel) => ({ channel, error: new Error('no') }));
    await expect(push.send({ channels: 'a', data: 1 })).rejects.toMatchObject({
      report: { rejected: [{ channel: 'a' }] },
    });
  });
});

test('the types tell an author which method is missing', () => {
  // @ts-expect-error it needs sendData
  class Neither extends PushServiceWrapper {}
  // @ts-expect-error it needs sendBatch
  class NoBatch extends BatchServiceWrapper {}
  expect([new Neither().name, new NoBatch().name]).toEqual(['Neither', 'NoBatch']);
});
