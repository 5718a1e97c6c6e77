import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { OneSignalService } from '../../src/backends/onesignal/index.js';
import type { WebSocketService } from '../../src/backends/websocket/index.js';
import { createPushHandler } from '../../src/http/index.js';
import {
  AuthenticationError,
  ConfigurationError,
  createPushService,
  type PushService,
  type WebhookEvent,
} from '../../src/index.js';
import { memoryMessages } from '../../src/messages/memory/index.js';
import { sign } from '../../src/pusher-protocol/signature.js';
import { type MemorySessions, memorySessions } from '../../src/sessions/memory.js';
import { instead } from '../providers/faults.js';
import { type OneSignalProvider, startOneSignalProvider } from '../providers/onesignal-provider.js';
import { Client } from '../server/support/client.js';
import { credentials, startServer } from '../server/support/server.js';
import { failureOf } from '../support/failure-of.js';
import { RecordingLogger } from '../support/recording-logger.js';
import { TestClock } from '../support/test-clock.js';

const notification = { title: 'Your order', body: 'It is on its way.' };

interface Shop {
  readonly push: PushService<
    WebSocketService | OneSignalService,
    { readonly live: WebSocketService; readonly mobile: OneSignalService }
  >;
  readonly provider: OneSignalProvider;
  readonly sessions: MemorySessions;
  readonly clock: TestClock;
  readonly logger: RecordingLogger;
}

/** A service with an embedded server for pages, and OneSignal for telephones. */
async function shop(messages?: ReturnType<typeof memoryMessages>): Promise<Shop> {
  const provider = await startOneSignalProvider();
  onTestFinished(() => provider.close());
  const sessions = memorySessions();
  const clock = new TestClock();
  const logger = new RecordingLogger();
  const push = createPushService({
    backends: { live: { backend: await startServer(), sessions }, mobile: provider.settings },
    retries: 0,
    recording: { retryDelays: ['1m'] },
    messages: messages ?? false,
    clock,
    logger,
  });
  onTestFinished(() => push.close());
  return { push, provider, sessions, clock, logger };
}

describe('an embedded server beside OneSignal', () => {
  it('reaches the page and the telephone of a user by one message', async () => {
    const { push, provider, sessions } = await shop();
    const session = await sessions.add('ann');
    const page = await Client.connect(push.backends.live);
    await page.subscribe(session.channelId);
    const report = await push.send({
      event: 'shipped',
      users: 'ann',
      data: { orderId: 42 },
      notification,
      via: ['live', 'mobile'],
    });
    expect(page.dataOf(await page.next('shipped'))).toMatchObject({ orderId: 42 });
    expect(provider.received).toMatchObject([{ channel: 'ann', event: 'shipped', data: { orderId: 42 } }]);
    expect(provider.received[0]?.id).toBe(report.id);
    expect(report).toMatchObject({ status: 'accepted', channels: [session.channelId, 'ann'] });
    expect(report.backends?.['mobile']?.info).toEqual({ ann: { notificationId: expect.any(String) } });
  });

  it('sends nothing by either when one of them refuses the message', async () => {
    const { push, provider } = await shop();
    const page = await Client.connect(push.backends.live);
    await page.subscribe('news');
    const data = 'x'.repeat(3_000);
    await expect(
      push.send({ event: 'e', channels: 'news', data, notification, via: ['live', 'mobile'] }),
    ).rejects.toThrow(/onesignal/i);
    expect((await page.settled()).filter(({ event }) => event === 'e')).toEqual([]);
    expect(provider.server.requests).toEqual([]);
  });

  it('tries again by OneSignal alone, when that was away', async () => {
    const { push, provider, sessions, clock } = await shop(memoryMessages());
    const session = await sessions.add('ann');
    const page = await Client.connect(push.backends.live);
    await page.subscribe(session.channelId);
    provider.server.faults.push(instead((_answer, response) => response.writeHead(503).end()));
    const { id, status } = await push.send({ event: 'shipped', users: 'ann', notification, via: ['live', 'mobile'] });
    expect(status).toBe('waiting');
    await page.next('shipped');
    expect(provider.received).toEqual([]);
    await vi.waitFor(
      async () => {
        await clock.advance(1_000);
        expect((await push.messages.get(id))?.state).toBe('SENT');
      },
      { timeout: 15_000, interval: 5 },
    );
    expect(provider.received).toMatchObject([{ channel: 'ann', event: 'shipped', id }]);
    expect((await page.settled()).filter(({ event }) => event === 'shipped')).toEqual([]);
  });

  it('ends the connections of a user at the embedded server, though OneSignal cannot', async () => {
    const { push } = await shop();
    const page = await Client.connect(push.backends.live);
    push.authorize('private-orders', ({ user }) => user === 'ann');
    const asking = { socketId: page.socketId, channel: 'private-orders', user: 'ann' };
    await page.subscribe('private-orders', await push.authorizeChannel(asking));
    expect(await push.disconnect({ user: 'ann' })).toBe(1);
  });

  it('takes the webhooks of the backend that is named, by its own secret', async () => {
    const other = { appId: 'other', pubKey: 'other-key', secretKey: 'another-secret' };
    const logger = new RecordingLogger();
    const push = createPushService({
      backends: { first: { backend: 'websocket', ...credentials }, second: { backend: 'websocket', ...other } },
      logger,
    });
    onTestFinished(() => push.close());
    const body = JSON.stringify({ time_ms: Date.now(), events: [{ name: 'channel_occupied', channel: 'orders' }] });
    const headers = {
      'content-type': 'application/json',
      'x-pusher-key': other.pubKey,
      'x-pusher-signature': sign(body, other.secretKey),
    };
    const request = (): Request => new Request('https://shop.example/push/webhook', { method: 'POST', body, headers });
    await failureOf(AuthenticationError, () => push.webhook(request()));
    expect(await push.webhook(request(), undefined, { backend: 'second' })).toMatchObject([{ channel: 'orders' }]);
    const wrong = await failureOf(ConfigurationError, () =>
      push.webhook(request(), undefined, { backend: 'secon' as 'second' }),
    );
    expect(wrong.message).toBe('"secon" is none of the backends of this service; did you mean "second"?');
    const heard: WebhookEvent[] = [];
    const handler = createPushHandler(push, { webhook: (event) => void heard.push(event), webhookBackend: 'second' });
    // The event came before: it is handled once.
    expect((await handler(request())).status).toBe(200);
    expect(heard).toEqual([]);
    const refusing = createPushHandler(push, { webhook: (event) => void heard.push(event) });
    expect((await refusing(request())).status).toBe(401);
  });
});
