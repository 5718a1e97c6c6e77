import { createRequire } from 'node:module';
import { failover } from '../../../src/backends/composite/failover.js';
import { fanout } from '../../../src/backends/composite/fanout.js';
import { roundrobin } from '../../../src/backends/composite/roundrobin.js';
import type { OneSignalService } from '../../../src/backends/onesignal/index.js';
import type { PubNubOptions, PubNubService } from '../../../src/backends/pubnub/index.js';
import { PusherService } from '../../../src/backends/pusher/index.js';
import { RemoteWebSocketService } from '../../../src/backends/remote/index.js';
import type { PushServerSettings, PushService } from '../../../src/index.js';

/** How long a subscription waits, in milliseconds: where nothing is confirmed, it waits for its deadline. */
const SUBSCRIBE_TIMEOUT_MS = 300;
const UUID = '0b9a2f3c-3a43-4f5e-9f30-0d1c1f1f7a11';

const secretKey = 'secret/key+of "the" backend';
const masterKey = Buffer.from('0123456789abcdef0123456789ABCDEF').toString('base64');
const cipherKey = 'cipher-key-of-pubnub';
const authKey = 'auth-key-of-pubnub';
const restKey = 'os_v2_app_rest-key-of-onesignal';
const webhookSecret = ['secret-of-the-webhooks', 'secret-of-the-webhooks-before'];
const webhookKeys = [{ pubKey: 'older-key', secretKey: 'older-secret-of-the-webhooks' }];
const olderSecrets = webhookKeys.map((key) => key.secretKey);

/** Where a backend's provider is said to be. */
export interface Place {
  readonly host: string;
  readonly port: number;
  readonly useSsl: boolean;
  /** Deadline of each request, in milliseconds. */
  readonly deadlineMs: number;
}

export type Call = () => Promise<unknown>;

/** A backend, and everything that it does at its provider. */
export interface Target {
  /** What must not show. */
  readonly secrets: readonly string[];
  settings(place: Place): PushServerSettings;
  /** Calls beside those of every backend. */
  calls(push: PushService): readonly Call[];
  /** Those that wait for a confirmation. */
  subscribing?(push: PushService): readonly Call[];
}

const keys = { appId: '12345', pubKey: 'public-key', subKey: 'subscribe-key', secretKey };

function pusher({ host, port, useSsl, deadlineMs: requestTimeoutMs }: Place) {
  const options = { host, port, encryptionMasterKeyBase64: masterKey, requestTimeoutMs, webhookKeys };
  return { appId: keys.appId, pubKey: keys.pubKey, secretKey, useSsl, options };
}

function pubnub(own: PubNubOptions): Target {
  return {
    secrets: [secretKey, ...webhookSecret, ...[own.cipherKey, own.authKey].filter((key) => key !== undefined)],
    settings: ({ host, port, useSsl, deadlineMs: requestTimeoutMs }) => ({
      backend: 'pubnub',
      ...{ pubKey: keys.pubKey, subKey: keys.subKey, secretKey, useSsl },
      options: {
        origin: `${host}:${port}`,
        requestTimeoutMs,
        subscribeTimeoutMs: SUBSCRIBE_TIMEOUT_MS,
        webhookSecret,
        ...own,
      },
    }),
    calls(push) {
      const backend = push.backend as PubNubService;
      return [
        () => backend.history('orders'),
        () => backend.grantToken({ userId: 'ann', channels: { orders: { read: true } }, ttlMinutes: 1 }),
      ];
    },
    subscribing: (push) => [
      () => push.subscribe('orders'),
      () => (push.backend as PubNubService).subscribeGroup('group'),
    ],
  };
}

function composite(compose: (...backends: PusherService[]) => PushServerSettings['backend']): Target {
  const settings = (place: Place): object => ({
    backend: compose(new PusherService(pusher(place)), new PusherService(pusher(place))),
  });
  return {
    secrets: [secretKey, masterKey, ...olderSecrets],
    settings: (place) => settings(place) as PushServerSettings,
    calls: () => [],
  };
}

const requireFromHere = createRequire(import.meta.url);

function deadlineOf({ backend }: PushService): number {
  return (backend.options as { requestTimeoutMs: number }).requestTimeoutMs;
}

export const targets: Readonly<Record<string, Target>> = {
  pusher: {
    secrets: [secretKey, masterKey, ...olderSecrets],
    settings: (place) => ({ backend: 'pusher', ...pusher(place) }),
    calls(push) {
      const backend = push.backend as PusherService;
      return [
        () => push.send({ channels: 'private-encrypted-orders', event: 'e', data: 1 }),
        () => backend.channels(),
        () => backend.sendToUser('ann', 'e', 1),
        () => backend.terminateUserConnections('ann'),
        () => backend.get({ path: '/channels' }),
        () => backend.post({ path: '/events', body: { name: 'e', channel: 'orders', data: '1' } }),
      ];
    },
    // It has the deadline of a request.
    subscribing: (push) => (deadlineOf(push) > SUBSCRIBE_TIMEOUT_MS ? [] : [() => push.subscribe('private-orders')]),
  },
  'pubnub 12': pubnub({ cipherKey, authKey }),
  'pubnub 11': pubnub({
    authKey,
    PubNub: requireFromHere('pubnub-11') as NonNullable<PubNubOptions['PubNub']>,
  }),
  onesignal: {
    secrets: [restKey, ...webhookSecret],
    settings: ({ host, port, useSsl, deadlineMs: requestTimeoutMs }) => ({
      backend: 'onesignal',
      ...{ appId: UUID, secretKey: restKey, useSsl },
      options: { apiRoot: `${useSsl ? 'https' : 'http'}://${host}:${port}`, requestTimeoutMs, webhookSecret },
    }),
    calls(push) {
      const backend = push.backend as OneSignalService;
      const notification = { title: 'Hallo', locale: 'de' };
      return [
        () => push.send({ channels: 'orders', data: 1, notification }),
        () => backend.cancel(UUID),
        () => backend.viewNotification(UUID),
      ];
    },
  },
  remote: {
    secrets: [secretKey, ...olderSecrets],
    settings: ({ host, port, useSsl }) => ({
      backend: RemoteWebSocketService,
      ...{ appId: keys.appId, pubKey: keys.pubKey, secretKey, useSsl },
      options: { host, port, webhookKeys },
    }),
    calls: () => [],
    // It waits for longer than a test does, or until it is closed.
    subscribing: ({ backend }) => [
      () => {
        setTimeout(() => backend.close(), SUBSCRIBE_TIMEOUT_MS);
        return backend.subscribe('private-orders');
      },
    ],
  },
  failover: composite(failover),
  roundrobin: composite(roundrobin),
  fanout: composite(fanout),
};

/** Those of webhooks that none of the backends takes. */
const refusedHeaders = {
  authorization: `Bearer ${webhookSecret[0]}x`,
  'x-pusher-key': keys.pubKey,
  'x-pusher-signature': '0'.repeat(64),
};

/** What every backend is asked. Those that cannot do it say so. */
export function commonCalls(push: PushService): readonly Call[] {
  const message = { event: 'order.shipped', data: { orderId: 42 } };
  return [
    () => push.send({ ...message, channels: 'orders' }),
    () => push.send({ ...message, channels: ['orders', 'others'] }),
    () => push.sendMany(['a', 'b', 'c'].map((channels) => ({ ...message, channels }))),
    () => push.channel('orders').info(),
    () => push.channel('presence-orders').users(),
    () => push.webhook({ headers: {}, rawBody: '' }),
    () => push.webhook({ headers: refusedHeaders, rawBody: '{}' }),
  ];
}
