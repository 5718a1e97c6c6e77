import { randomUUID } from 'node:crypto';
import { createPushService, type IncomingMessage } from 'pushrail';
import type { PubNubService } from 'pushrail/backends/pubnub';
import { type LiveCheck, STEP_TIMEOUT_MS, within } from './check.ts';

/** Between two looks at the history, which PubNub fills a moment after it has accepted a message, in milliseconds. */
const LOOK_EVERY_MS = 500;

export const pubnub: LiveCheck = {
  provider: 'PubNub',
  needs: ['PUBNUB_PUBLISH_KEY', 'PUBNUB_SUBSCRIBE_KEY'],
  takes: {
    PUBNUB_SECRET_KEY: 'requests are not signed, and no token is granted',
    PUBNUB_ORIGIN: "PubNub's own servers are asked, over TLS",
  },
  async *run(environment) {
    const { PUBNUB_PUBLISH_KEY: pubKey, PUBNUB_SUBSCRIBE_KEY: subKey, PUBNUB_SECRET_KEY: secretKey } = environment;
    const origin = environment['PUBNUB_ORIGIN'];
    const push = createPushService({
      backend: 'pubnub',
      pubKey,
      subKey,
      ...(secretKey !== undefined && { secretKey }),
      ...(origin !== undefined && { useSsl: isTls(origin) }),
      options: { userId: 'pushrail-live-check', ...(origin !== undefined && { origin: new URL(origin).host }) },
    });
    const backend = push.backend as PubNubService;
    try {
      const channel = `pushrail-live-${randomUUID()}`;
      const received = new Promise<IncomingMessage>((resolve) => push.once('messageReceived', resolve));
      await push.subscribe(channel);
      yield 'subscribed to a channel';
      const data = { sentAt: Date.now() };
      const { id, info } = await push.send({ channels: channel, event: 'live-check', data });
      yield `published a message: timetoken ${String(info[channel]?.['timetoken'])}`;
      const message = await within('a message on its way back', received);
      if (message.id !== id || JSON.stringify(message.data) !== JSON.stringify(data))
        throw new Error('the message came back changed');
      yield 'received what was published';

      await within('the message in the history', historyOf(backend, channel, id));
      yield 'read it from the history';
      if (secretKey !== undefined) {
        await backend.grantToken({
          userId: 'pushrail-live-check',
          channels: { [channel]: { read: true } },
          ttlMinutes: 1,
        });
        yield 'was granted a token for a client';
      }
    } finally {
      await push.close();
    }
  },
};

function isTls(origin: string): boolean {
  return new URL(origin).protocol === 'https:';
}

async function historyOf(backend: PubNubService, channel: string, id: string): Promise<void> {
  const end = performance.now() + STEP_TIMEOUT_MS;
  while (performance.now() < end) {
    const messages = await backend.history(channel);
    if (messages.some((message) => message.id === id)) return;
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
}
