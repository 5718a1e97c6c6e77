import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import {
  type WebSocketApp,
  type WebSocketLimits,
  type WebSocketOptions,
  WebSocketService,
} from '../../src/backends/websocket/index.js';
import { checkOptions } from '../../src/server/checked-options.js';
import { Client } from './support/client.js';
import { credentials, startServer } from './support/server.js';
import { call } from './support/signed-call.js';

/** An application beside the one in the settings. Its id is its key and its secret. */
function app(name: string, limits: WebSocketLimits = {}): WebSocketApp {
  return { appId: name, pubKey: name, secretKey: name, ...limits };
}

describe('the origins of an application', () => {
  const origins = ['https://a.example', 'https://b.example', 'https://anywhere.example'];
  const apps = [app('b', { allowedOrigins: ['https://b.example'] }), app('open', { allowedOrigins: ['*'] }), app('c')];

  it.each([
    ['key', ['https://a.example']],
    ['b', ['https://b.example']],
    ['open', origins],
    ['c', ['https://a.example']],
  ])("with the key %s are its own, or else the server's: %j", async (key, allowed) => {
    const service = await startServer({ allowedOrigins: ['https://a.example'], apps });
    const letIn = await Promise.all(
      origins.map(async (Origin) => {
        const client = new Client(service, { key, headers: { Origin } });
        return (await client.next('pusher:connection_established').catch(() => undefined)) && Origin;
      }),
    );
    expect(letIn.filter((origin) => origin !== undefined)).toEqual(allowed);
    if (allowed !== origins)
      expect(await new Client(service, { key, headers: { Origin: 'null' } }).closed).toMatchObject({ code: 4009 });
  });
});

describe('the size of a message', () => {
  it.each([
    ['smaller', 65_536, 1000],
    ['larger', 1000, 65_536],
  ])("may be %s in an application than in the server's options", async (_what, ofServer, ofApp) => {
    const service = await startServer({ maxMessageBytes: ofServer, apps: [app('b', { maxMessageBytes: ofApp })] });
    for (const [key, limit] of [
      ['key', ofServer],
      ['b', ofApp],
    ] as const) {
      const client = await Client.connect(service, { key });
      client.send('x', 'x'.repeat(2000));
      if (limit === 1000) expect(await client.closed).toMatchObject({ code: 1009 });
      else expect((await client.settled()).map(({ event }) => event)).toEqual(['pusher:error']);
    }
  });

  it('may differ for data too: over HTTP, in client events and in sign-ins', async () => {
    const service = await startServer({ maxEventBytes: 100, apps: [app('b', { maxEventBytes: 5 }), app('c')] });
    const data = 'x'.repeat(10);
    const publish = async (appId: string, key: string, secret: string): Promise<number> => {
      const body = { name: 'x', channel: 'a', data };
      return (await call(service, { method: 'POST', path: `/apps/${appId}/events`, body, key, secret })).status;
    };
    expect([
      await publish('app', 'key', credentials.secretKey),
      await publish('b', 'b', 'b'),
      await publish('c', 'c', 'c'),
    ]).toEqual([200, 413, 200]);
    expect(service.capabilities.maxPayloadBytes).toBe(100);

    const client = await Client.connect(service, { key: 'b' });
    const signer = new WebSocketService(app('b'));
    await client.join(signer, 'private-a');
    client.send('client-x', data, 'private-a');
    client.send('pusher:signin', signer.authenticateUser(client.socketId, { id: 'ann' }));
    expect((await client.next('pusher:error')).data).toMatchObject({ message: expect.stringContaining('5 bytes') });
    expect((await client.closed).reason).toContain('5 bytes');
  });
});

describe('the time-outs of an application', () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] }));
  afterEach(() => void vi.useRealTimers());

  it('are told to its clients and kept for each', async () => {
    const impatient = app('b', { activityTimeoutSeconds: 30, pongTimeoutSeconds: 10 });
    const service = await startServer({ activityTimeoutSeconds: 60, pongTimeoutSeconds: 60, apps: [impatient] });
    const [own, other] = [new Client(service), new Client(service, { key: 'b', autoPong: false })];
    for (const [client, seconds] of [
      [own, 60],
      [other, 30],
    ] as const)
      expect(client.dataOf(await client.next('pusher:connection_established'))).toMatchObject({
        activity_timeout: seconds,
      });
    vi.advanceTimersByTime(30_000);
    await other.next('pusher:ping');
    vi.advanceTimersByTime(10_000);
    expect(await other.closed).toMatchObject({ code: 4201 });
    expect(await own.settled()).toEqual([]);
    vi.advanceTimersByTime(60_000);
    await own.next('pusher:ping');
  });

  it('take a timer only for applications that have connections', async () => {
    const service = await startServer({ apps: [app('b'), app('c')] });
    const [own, other] = await Promise.all([Client.connect(service), Client.connect(service, { key: 'b' })]);
    expect(vi.getTimerCount()).toBe(2);
    await other.close();
    await expect.poll(() => vi.getTimerCount()).toBe(1);
    await own.close();
    await expect.poll(() => vi.getTimerCount()).toBe(0);
    await Client.connect(service, { key: 'b' });
    await service.close();
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('the rates of an application', () => {
  beforeEach(() => {
    const now = vi.spyOn(performance, 'now').mockReturnValue(5000);
    onTestFinished(() => now.mockRestore());
  });

  async function connectBoth(options: WebSocketOptions): Promise<readonly [own: Client, other: Client]> {
    const service = await startServer(options);
    return [await Client.connect(service), await Client.connect(service, { key: 'b' })];
  }

  it('of subscriptions are its own', async () => {
    const slow = app('b', { subscriptionsPerSecond: 1, maxChannelsPerConnection: 2 });
    for (const [index, client] of (await connectBoth({ apps: [slow] })).entries()) {
      for (let count = 0; count < 3; count++) {
        await client.subscribe('a');
        client.send('pusher:unsubscribe', { channel: 'a' });
      }
      client.send('pusher:subscribe', { channel: 'a' });
      expect((await client.settled()).map(({ event }) => event)).toEqual([
        index === 0 ? 'pusher_internal:subscription_succeeded' : 'pusher:subscription_error',
      ]);
    }
  });

  it.each<[string, WebSocketLimits, string]>([
    ['messages', { messagesPerSecond: 1, maxChannelsPerConnection: 1 }, '1 messages'],
    ['bytes', { bytesPerSecond: 10 }, '10 bytes'],
  ])('of %s are its own', async (_what, limits, words) => {
    const [own, other] = await connectBoth({ apps: [app('b', limits)] });
    for (const client of [own, other]) for (let count = 0; count < 9; count++) client.send('unknown', {});
    expect(await other.closed).toMatchObject({ code: 4100, reason: expect.stringContaining(words) });
    expect(await own.settled()).toHaveLength(9);
  });

  it('of client events are its own', async () => {
    const service = await startServer({ apps: [app('b', { clientEventsPerSecond: 2 })] });
    const signers = { key: service, b: new WebSocketService(app('b')) };
    const refused = [];
    for (const key of ['key', 'b'] as const) {
      const client = await Client.connect(service, { key });
      await client.join(signers[key], 'private-a');
      for (let count = 0; count < 5; count++) client.send('client-x', count, 'private-a');
      refused.push((await client.settled()).length);
    }
    expect(refused).toEqual([0, 3]);
  });
});

it('the members of its presence channels are limited for each application', async () => {
  const service = await startServer({ apps: [app('b', { maxPresenceMembers: 1, maxPresenceMemberBytes: 20 })] });
  const signer = new WebSocketService(app('b'));
  const [first, second] = await Promise.all([Client.connect(service), Client.connect(service, { key: 'b' })]);
  await first.join(service, 'presence-a', { id: 'a-long-name-of-a-user' });
  for (const id of ['a-long-name-of-a-user', 'ann'])
    second.send('pusher:subscribe', {
      channel: 'presence-a',
      ...signer.authorizeChannel(second.socketId, 'presence-a', { id }),
    });
  expect((await second.settled()).map(({ event }) => event)).toEqual([
    'pusher:subscription_error',
    'pusher_internal:subscription_succeeded',
  ]);
});

it('whether the subscribers of a channel hear how many they are is its own', async () => {
  const service = await startServer({ subscriptionCounting: true, apps: [app('b', { subscriptionCounting: false })] });
  const counts = [];
  for (const key of ['key', 'b']) {
    const client = await Client.connect(service, { key });
    await client.subscribe('a');
    counts.push((await client.settled()).length);
  }
  expect(counts).toEqual([1, 0]);
});

it('a limit that follows from others follows from those of the application, unless the options name it', () => {
  const fast = app('b', { clientEventsPerSecond: 100, maxEventBytes: 20_000 });
  const limitsOf = (options: WebSocketOptions) =>
    checkOptions(options).apps?.map(({ limits }) => [limits.messagesPerSecond, limits.bytesPerSecond]);
  expect(limitsOf({ subscriptionsPerSecond: 5, apps: [fast, app('c')] })).toEqual([
    [420, 4_000_000],
    [60, 262_144],
  ]);
  expect(limitsOf({ messagesPerSecond: 7, apps: [fast, app('c', { messagesPerSecond: 8 })] })).toEqual([
    [7, 4_000_000],
    [8, 262_144],
  ]);
  expect(limitsOf({ messagesPerSecond: 7, apps: [app('b', { messagesPerSecond: undefined })] })).toEqual([
    [7, 262_144],
  ]);
});

it.each<[object, RegExp]>([
  [{ maxMessageBytes: 0 }, /"apps.0.maxMessageBytes" must be at least 1, found 0/],
  [{ activityTimeoutSeconds: 'long' }, /"apps.0.activityTimeoutSeconds" must be of type number, found a string/],
  [{ allowedOrigins: ['b.example'] }, /"apps.0.allowedOrigins.0" must be an origin/],
  [{ clientEvents: 'some' }, /"apps.0.clientEvents" must be true or "members", "all", or false, found a string/],
  [{ clientEventExcess: 'cut' }, /"apps.0.clientEventExcess" must be "refuse" or "close", found a string/],
  [{ maxChannelNameLength: 2000 }, /"apps.0.maxChannelNameLength" must be at most 1000, found 2000/],
  [{ maxEventByte: 1 }, /unknown key "apps.0.maxEventByte" \(did you mean "maxEventBytes"\?\)/],
  [{ sendBufferBytes: 1 }, /unknown key "apps.0.sendBufferBytes"/],
])('a wrong limit of an application is refused with its path: %j', (limits, words) => {
  expect(() => checkOptions({ apps: [app('b', limits)] })).toThrow(words);
});
