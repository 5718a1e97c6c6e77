import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { type WebSocketOptions, WebSocketService } from '../../../src/backends/websocket/index.js';
import { createPushService, type DeliveryError, type PushService } from '../../../src/index.js';
import { Client } from '../../server/support/client.js';
import { credentials, startServer } from '../../server/support/server.js';
import { MemoryRelay, RelayHub } from '../../support/memory-relay.js';
import { RecordingLogger } from '../../support/recording-logger.js';

/** A process that publishes through a relay and serves nobody. */
async function worker(
  relay: MemoryRelay,
  options: WebSocketOptions = {},
): Promise<{ push: PushService; backend: WebSocketService; logger: RecordingLogger }> {
  const logger = new RecordingLogger();
  const backend = new WebSocketService({ ...credentials, options: { relay, serve: false, ...options } });
  const push = createPushService({ backend, logger, retries: 0 });
  onTestFinished(() => push.close());
  await push.ready();
  return { push, backend, logger };
}

describe('a process with serve: false', () => {
  it('publishes to the clients of a node, hears what it subscribes to, and warns of nothing', async () => {
    const hub = new RelayHub();
    const node = await startServer({ relay: new MemoryRelay(hub) });
    const client = await Client.connect(node);
    await client.subscribe('news');
    const { push, backend, logger } = await worker(new MemoryRelay(hub));
    const received = vi.fn();
    push.on('messageReceived', received);
    await push.subscribe('news');
    const report = await push.send({ event: 'shipped', channels: 'news', data: { id: 1 } });
    expect([report.status, report.accepted, report.info]).toEqual(['accepted', ['news'], {}]);
    const message = await client.next('shipped');
    expect(message).toMatchObject({ event: 'shipped', channel: 'news', data: '{"id":1}' });
    await vi.waitFor(() => expect(received).toHaveBeenCalledOnce());
    expect([backend.address, logger.entries.filter(({ level }) => level === 'warn')]).toEqual([undefined, []]);
  });

  it('tells the state of all nodes, and has no connections itself', async () => {
    const hub = new RelayHub();
    const node = await startServer({ relay: new MemoryRelay(hub) });
    const client = await Client.connect(node);
    await client.subscribe('news');
    const { backend } = await worker(new MemoryRelay(hub));
    await vi.waitFor(async () => expect(await backend.api.connections()).toBe(1));
    expect([backend.api.localConnections, await backend.api.channels()]).toEqual([0, ['news']]);
    expect(await backend.channelInfo('news')).toEqual({ occupied: true, subscriptionCount: 1 });
    expect(await backend.api.disconnect(client.socketId)).toBe(true);
    expect((await client.closed).code).toBe(4009);
  });

  it.each([
    ['reject', 'rejected'],
    ['local', 'accepted'],
  ] as const)('with relayFailure: %s, a message while the relay is away is %s', async (relayFailure, status) => {
    const relay = new MemoryRelay();
    const { push } = await worker(relay, { relayFailure });
    relay.cut();
    const report = await push
      .send({ event: 'shipped', channels: 'news', data: 1 })
      .catch((error: DeliveryError) => error.report);
    expect([report?.status, report?.info]).toEqual([status, status === 'accepted' ? { news: { relay: 'local' } } : {}]);
  });

  it('shares its memory of handled webhook events with the nodes of its application, and with no others', async () => {
    const hub = new RelayHub();
    const memories = await Promise.all(
      [credentials, credentials, { ...credentials, appId: 'other' }].map(async (settings) => {
        const service = await startServer({ relay: new MemoryRelay(hub) }, settings);
        return service.sharedMemory;
      }),
    );
    const answers = [];
    for (const memory of memories) answers.push(await memory?.isFirst('a', 60_000));
    expect(answers).toEqual([true, false, true]);
    await memories[1]?.forget('a');
    expect(await memories[0]?.isFirst('a', 60_000)).toBe(true);
    expect((await startServer()).sharedMemory).toBeUndefined();
  });

  it('has no such memory before it is open', async () => {
    const backend = new WebSocketService({ ...credentials, options: { relay: new MemoryRelay(), serve: false } });
    await expect(backend.sharedMemory?.isFirst('a', 1)).rejects.toThrow('not open');
  });
});
