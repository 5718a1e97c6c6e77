import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { createPushHandler } from '../../src/http/index.js';
import { createPushService, type PushService } from '../../src/index.js';
import { EventReader } from './support/event-reader.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it('a stream of events gives a sign of life every 15 s, for as long as there is one', async () => {
  const keys = { appId: '1001', pubKey: 'shop-key', secretKey: 'keep-this-to-yourself' };
  await using push: PushService = createPushService({ backend: 'websocket', ...keys });
  const handler = createPushHandler(push);
  const reader = new EventReader(await handler(new Request('https://shop.example/push/events?channel=orders')));
  expect(vi.getTimerCount()).toBe(1);
  await vi.advanceTimersByTimeAsync(45_000);
  await push.send({ event: 'e', channels: 'orders', data: 1 });
  expect(await reader.next()).toMatchObject({ data: { event: 'e' } });
  expect(reader.others).toEqual(['retry: 3000', ':', ':', ':']);
  await reader.cancel();
  expect(vi.getTimerCount()).toBe(0);
});
