import { expect, it, onTestFinished } from 'vitest';
import { type ClientDriver, PushClient } from '../../src/client/index.js';
import { createPushHandler } from '../../src/http/index.js';
import { createPushService, type PushService } from '../../src/index.js';

it('hears 100 channels by server-sent events, and names those that are too many', async () => {
  const keys = { appId: '1001', pubKey: 'key', secretKey: 'secret' };
  const push: PushService = createPushService({ backend: 'websocket', ...keys });
  onTestFinished(() => push.close());
  const handler = createPushHandler(push);
  const channels = Array.from({ length: 102 }, (_, index) => `news-${index}`);
  const config = { backend: 'websocket', channels, eventsEndpoint: 'https://shop.example/push/events' };
  const client = new PushClient(config, {
    auth: { fetch: (url, init) => handler(new Request(url, init)) },
    // A driver whose connection never comes about.
    driver: (host): ClientDriver => ({
      canFallBack: true,
      socketId: undefined,
      connect: () => host.receiveState('unavailable'),
      disconnect: () => {},
      subscribe: () => {},
      unsubscribe: () => {},
    }),
  });
  onTestFinished(() => client.disconnect());
  const subscribed: string[] = [];
  const errors: string[] = [];
  client.onSubscribed(({ channel }) => subscribed.push(channel));
  client.onError(({ code, channel, message }) => errors.push([code, channel, /at most 100/.test(message)].join(' ')));
  client.connect();
  await expect.poll(() => subscribed).toEqual(channels.slice(0, 100));
  expect(errors).toEqual(['SUBSCRIPTION news-100 true', 'SUBSCRIPTION news-101 true', 'FALLBACK  false']);
  const heard = new Promise((resolve) => client.bind('e', resolve));
  await push.send({ event: 'e', channels: 'news-99', data: 1 });
  expect(await heard).toBe(1);
});
