import { expect, onTestFinished, test } from 'vitest';
import { createPushService, type PushService } from '../../../src/index.js';
import { type PusherProvider, startPusherProvider } from '../../providers/pusher-provider.js';

async function start(): Promise<{ provider: PusherProvider; push: PushService }> {
  const provider = await startPusherProvider();
  onTestFinished(() => provider.close());
  const push = createPushService(provider.settings);
  onTestFinished(() => push.close());
  return { provider, push };
}

test('an event to 10 000 channels is 100 requests, over ten connections at most', async () => {
  const { provider, push } = await start();
  const channels = Array.from({ length: 10_000 }, (_, index) => `channel-${index}`);
  const { accepted, attempts } = await push.send({ channels, data: 1 });
  expect([accepted.length, attempts, provider.server.requests.length]).toEqual([10_000, 100, 100]);
  expect(new Set(provider.received.map(({ channel }) => channel)).size).toBe(10_000);
  expect(provider.server.mostConnections).toBeLessThanOrEqual(10);
});

test('1 000 different messages are 100 requests', async () => {
  const { provider, push } = await start();
  const messages = Array.from({ length: 1000 }, (_, index) => ({ channels: `channel-${index}`, data: index }));
  const reports = await push.sendMany(messages);
  expect(reports.every(({ status }) => status === 'accepted')).toBe(true);
  expect(provider.server.requests).toHaveLength(100);
  expect(provider.received.map(({ channel, data }) => `${channel} ${data}`).sort()).toEqual(
    messages.map(({ channels, data }) => `${channels} ${data}`).sort(),
  );
});
