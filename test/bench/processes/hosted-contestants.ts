import { Agent } from 'node:https';
import PubNub from 'pubnub';
import PubNub11 from 'pubnub-11';
import Pusher from 'pusher';
import { createPushService, type PushService } from 'pushrail';
import type { Provider } from './hosted-sink.ts';
import { eventData } from './server-commands.ts';

/** Requests in flight at once, for all contestants: our own default. */
const CONCURRENCY = 10;

type Data = Record<string, string>;

export type Contestant =
  | 'pusherChannels'
  | 'pusherTriggers'
  | 'pusherByHand'
  | 'pusherMessages'
  | 'pusherBatches'
  | 'pusherTwice'
  | 'pusherOneChannel'
  | 'pusherBatchesInTurn'
  | 'pubnubChannels'
  | 'pubnub11Channels'
  | 'pubnubByHand'
  | 'pubnubPublishes'
  | 'pubnub11Publishes'
  | 'onesignalRecipients'
  | 'oneSend'
  | 'oneTrigger';

/** The event's data, of 100 bytes. */
export const data: Data = { ...eventData(100) };
export const keys: { appId: string; pubKey: string; secretKey: string } = {
  appId: '1',
  pubKey: 'bench-key',
  secretKey: 'bench-secret',
};

function channelNames(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `channel-${index}`);
}

/** Works on a list with as many at once as all have. */
async function concurrently<Item>(items: readonly Item[], work: (item: Item) => Promise<unknown>): Promise<void> {
  const rest = items.values();
  const worker = async (): Promise<void> => {
    for (const item of rest) await work(item);
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, worker));
}

function chunks<Item>(items: readonly Item[], size: number): Item[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, index) =>
    items.slice(index * size, (index + 1) * size),
  );
}

interface Publish {
  readonly channel: string;
  readonly message: { event: string; data: Data };
  readonly sendByPost?: boolean;
}

/** What the versions of PubNub's SDK have in common. */
interface Publisher {
  publish(parameters: Publish): Promise<unknown>;
}

/** What the contestants send with. */
export interface Clients {
  readonly push: Readonly<Record<Provider, PushService>>;
  /** Our PubNub backend with version 11 of the SDK. */
  readonly push11: PushService;
  /** As the SDK's own documentation sets it up. */
  readonly pusher: Pusher;
  /** With connections that are kept. */
  readonly pooled: Pusher;
  readonly pubnub: Publisher;
  /** With connections that are kept, as many as there are requests at once. */
  readonly pooledPubnub: Publisher;
  readonly pubnub11: Publisher;
}

/** @param ports of the providers on this machine */
export function build(ports: Readonly<Record<Provider, number>>): Clients {
  const host = '127.0.0.1';
  const origin = `${host}:${ports.pubnub}`;
  const pubnubKeys = { backend: 'pubnub', pubKey: 'bench-pub', subKey: 'bench-sub' } as const;
  const push = {
    pusher: createPushService({ backend: 'pusher', ...keys, options: { host, port: ports.pusher } }),
    pubnub: createPushService({ ...pubnubKeys, options: { origin } }),
    onesignal: createPushService({
      backend: 'onesignal',
      appId: 'b2f7f966-d8cc-41e4-bed1-df8f05be55ba',
      secretKey: 'bench-secret',
      options: { apiRoot: `https://${host}:${ports.onesignal}` },
    }),
  };
  const settings = {
    appId: '1',
    key: 'bench-key',
    secret: 'bench-secret',
    useTLS: true,
    host,
    port: `${ports.pusher}`,
  };
  const pusher = new Pusher(settings);
  const pooled = new Pusher({ ...settings, agent: new Agent({ keepAlive: true, maxSockets: CONCURRENCY }) });
  const pubnubSettings = {
    publishKey: 'bench-pub',
    subscribeKey: 'bench-sub',
    userId: 'bench',
    origin,
    ssl: true,
  };
  const push11 = createPushService({ ...pubnubKeys, options: { origin, PubNub: PubNub11 } });
  const keepAliveSettings = { maxSockets: CONCURRENCY };
  const pooledPubnub = new PubNub({ ...pubnubSettings, keepAlive: true, keepAliveSettings });
  const pubnub = new PubNub(pubnubSettings);
  const pubnub11 = new PubNub11(pubnubSettings);
  return { push, push11, pusher, pooled, pubnub, pooledPubnub, pubnub11 };
}

/** Each sends to `count` channels, or as often. */
export const contestants: Readonly<Record<Contestant, (clients: Clients, count: number) => Promise<unknown>>> = {
  pusherChannels: ({ push }, count) => push.pusher.send({ event: 'bench', channels: channelNames(count), data }),
  pusherTriggers: ({ pusher }, count) =>
    concurrently(channelNames(count), (channel) => pusher.trigger(channel, 'bench', data)),
  pusherByHand: ({ pooled }, count) =>
    concurrently(chunks(channelNames(count), 100), async (names) =>
      (await pooled.trigger(names, 'bench', data)).text(),
    ),
  pusherMessages: ({ push }, count) =>
    push.pusher.sendMany(channelNames(count).map((channels) => ({ event: 'bench', channels, data }))),
  pusherBatches: ({ pooled }, count) =>
    concurrently(chunks(channelNames(count), 10), async (names) => {
      const batch = names.map((channel) => ({ channel, name: 'bench', data }));
      return (await pooled.triggerBatch(batch)).text();
    }),
  pusherTwice: ({ push }, count) => {
    const names = channelNames(count / 2);
    return push.pusher.sendMany([...names, ...names].map((channels) => ({ event: 'bench', channels, data })));
  },
  pusherOneChannel: ({ push }, count) =>
    push.pusher.sendMany(channelNames(count).map(() => ({ event: 'bench', channels: 'bench', data }))),
  async pusherBatchesInTurn({ pooled }, count) {
    for (const names of chunks(channelNames(count), 10)) {
      const batch = names.map(() => ({ channel: 'bench', name: 'bench', data }));
      await (await pooled.triggerBatch(batch)).text();
    }
  },
  pubnubChannels: ({ push }, count) => push.pubnub.send({ event: 'bench', channels: channelNames(count), data }),
  pubnub11Channels: ({ push11 }, count) => push11.send({ event: 'bench', channels: channelNames(count), data }),
  // By POST, as pushrail does: a GET has the message in its address, which is too short for a long one.
  pubnubByHand: ({ pooledPubnub }, count) =>
    concurrently(channelNames(count), (channel) =>
      pooledPubnub.publish({ channel, message: { event: 'bench', data }, sendByPost: true }),
    ),
  pubnubPublishes: ({ pubnub }, count) =>
    concurrently(channelNames(count), (channel) => pubnub.publish({ channel, message: { event: 'bench', data } })),
  pubnub11Publishes: ({ pubnub11 }, count) =>
    concurrently(channelNames(count), (channel) => pubnub11.publish({ channel, message: { event: 'bench', data } })),
  onesignalRecipients: ({ push }, count) =>
    push.onesignal.send({ event: 'bench', channels: channelNames(count), data, notification: { title: 'Bench' } }),
  async oneSend({ push }, count) {
    for (let sent = 0; sent < count; sent++) await push.pusher.send({ event: 'bench', channels: 'bench', data });
  },
  async oneTrigger({ pooled }, count) {
    for (let sent = 0; sent < count; sent++) await (await pooled.trigger('bench', 'bench', data)).text();
  },
};
