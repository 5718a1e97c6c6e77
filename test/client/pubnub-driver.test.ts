import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { PushClient } from '../../src/client/index.js';
import { createPushService, type PushServerSettings } from '../../src/index.js';
import { eventually } from '../backends/pubnub/support/eventually.js';
import { spoiling } from '../backends/pubnub/support/faults-by-path.js';
import { sdkVersions } from '../backends/pubnub/support/sdk-versions.js';
import { connect } from '../backends/pubnub/support/setup.js';
import { answering, resetBeforeAnswer } from '../providers/faults.js';
import { type PubNubProvider, startPubNubProvider } from '../providers/pubnub-provider.js';
import { deliver } from '../support/deliver.js';
import { recordedMessage } from '../support/recorded-message.js';
import { type AuthServer, startAuthServer } from './auth-server.js';
import { type Observed, observed } from './observed.js';

afterEach(() => {
  vi.unstubAllGlobals();
});

interface Options {
  readonly channels?: readonly string[];
  readonly config?: object;
  readonly options?: object;
}

/** A page's client that is connected to the provider, and what it was told. */
function open(
  provider: PubNubProvider,
  PubNub: unknown,
  { channels = ['orders'], config = {}, options = {} }: Options = {},
): Observed {
  const page = {
    backend: 'pubnub',
    subscribeKey: provider.settings.subKey,
    origin: provider.settings.options.origin,
    useTLS: false,
    userId: 'ann',
    channels,
    ...config,
  };
  return observed(new PushClient(page, { PubNub: PubNub as never, ...options }));
}

async function start(): Promise<PubNubProvider> {
  const provider = await startPubNubProvider();
  onTestFinished(() => provider.close());
  return provider;
}

/** An application that grants tokens for all channels but those that are refused. */
async function startApplication(provider: PubNubProvider, refused: ReadonlySet<string>): Promise<AuthServer> {
  const { backend } = connect(provider, {});
  provider.access.isRequired = true;
  return startAuthServer(async ({ form }) => {
    const channels = form.getAll('channel_name');
    const allowed = channels.filter((channel) => !refused.has(channel));
    if (allowed.length === 0) return { status: 403, error: 'These are not yours.' };
    const auth = await backend.grantToken({ userId: 'ann', ttlMinutes: 60, channels: allowed });
    return { auth, channels: allowed, refused: channels.filter((channel) => refused.has(channel)) };
  });
}

describe.each(sdkVersions)('the driver for PubNub with version $version of the SDK', ({ PubNub }) => {
  it('receives what the application sends, once PubNub has confirmed', async () => {
    const provider = await start();
    const { push } = connect(provider, {});
    const { heard, states, subscribed, errors } = open(provider, PubNub);
    await eventually(() => subscribed).toEqual(['orders']);
    const { id } = await push.send({
      event: 'order.shipped',
      channels: 'orders',
      data: { orderId: 42 },
      notification: { title: 'Shipped' },
    });
    await push.send({ channels: 'audit', data: 1 });
    await push.send({ event: 'typing', channels: 'orders', data: null, backendOptions: { signal: true } });
    await eventually(() => heard).toHaveLength(2);
    const sent = { channel: 'orders', userId: 'server-1', timetoken: expect.stringMatching(/^\d{17}$/) };
    expect(heard).toEqual([
      { ...sent, event: 'order.shipped', data: { orderId: 42 }, id, notification: { title: 'Shipped' } },
      { ...sent, event: 'typing', data: null },
    ]);
    expect(states).toEqual(['connecting', 'connected']);
    expect(errors).toEqual([]);
    expect(provider.present.get('orders')).toEqual(new Set(['ann']));
  });

  it('takes what others send without an envelope as the data of an event, as on the server', async () => {
    const provider = await start();
    const { heard, subscribed } = open(provider, PubNub);
    await eventually(() => subscribed).toHaveLength(1);
    provider.publish('orders', 'hello');
    provider.publish('orders', { event: 'x', more: 1 });
    provider.publish('orders', 7, { isSignal: true });
    await eventually(() => heard).toHaveLength(3);
    expect(heard.map(({ event, data }) => [event, data])).toEqual([
      ['message', 'hello'],
      ['message', { event: 'x', more: 1 }],
      ['signal', 7],
    ]);
  });

  it('drops a message that comes again under the same id', async () => {
    const provider = await start();
    const { heard, subscribed } = open(provider, PubNub);
    await eventually(() => subscribed).toHaveLength(1);
    for (const id of ['a', 'a', 'b']) provider.publish('orders', { event: 'x', data: id, id });
    await eventually(() => heard.map(({ data }) => data)).toEqual(['a', 'b']);
  });

  it('drops a recorded message that another process sends again', async () => {
    const provider = await start();
    const { heard, subscribed } = open(provider, PubNub);
    await eventually(() => subscribed).toHaveLength(1);
    const [first, again] = [recordedMessage('x', 1), recordedMessage('x', 2)];
    for (const message of [first, recordedMessage('x', 1, first.id), again]) {
      await using push = createPushService({ ...provider.settings } as PushServerSettings);
      await deliver(push.backend, ['orders'], message, { signal: new AbortController().signal });
    }
    await eventually(() => heard.map(({ id }) => id)).toEqual([first.id, again.id]);
  });

  it('adds channels without losing a message, and hears nothing of one that it left', async () => {
    const provider = await start();
    const { client, heard, subscribed, states } = open(provider, PubNub);
    await eventually(() => subscribed).toEqual(['orders']);
    provider.publish('orders', 1);
    client.subscribe('news');
    client.subscribe('audit');
    provider.publish('orders', 2);
    await eventually(() => subscribed).toEqual(['orders', 'news', 'audit']);
    provider.publish('news', 3);
    await eventually(() => heard.map(({ data }) => data)).toEqual([1, 2, 3]);
    client.unsubscribe('news');
    await eventually(() => [...(provider.present.get('news') ?? [])]).toEqual([]);
    provider.publish('news', 4);
    provider.publish('audit', 5);
    await eventually(() => heard.map(({ data }) => data)).toEqual([1, 2, 3, 5]);
    expect(states).toEqual(['connecting', 'connected']);
  });

  it('has left a channel that a listener left while several were being confirmed, and can join it again', async () => {
    const provider = await start();
    const { client, subscribed } = open(provider, PubNub, { channels: ['orders', 'news'] });
    const remove = client.onSubscribed(() => {
      remove();
      client.unsubscribe('news');
    });
    await eventually(() => subscribed).toEqual(['orders']);
    expect(client.channel('news').isSubscribed).toBe(false);
    client.subscribe('news');
    await eventually(() => subscribed).toEqual(['orders', 'news']);
  });

  it('names the channel of a wildcard, whose handle hears it', async () => {
    const provider = await start();
    const { client, subscribed } = open(provider, PubNub, { channels: [] });
    expect(client.state).toBe('connected');
    const heard: unknown[] = [];
    const remove = client.channel('orders.*').bindAll((data, message) => heard.push([message.channel, data]));
    await eventually(() => subscribed).toEqual(['orders.*']);
    provider.publish('orders.eu', 1);
    await eventually(() => heard).toEqual([['orders.eu', 1]]);
    remove();
    await eventually(() => [...(provider.present.get('orders.*') ?? [])]).toEqual([]);
  });

  it('is back after the connection was lost, with what was sent meanwhile', async () => {
    const provider = await start();
    const { heard, states, subscribed, errors } = open(provider, PubNub);
    await eventually(() => subscribed).toHaveLength(1);
    const polls = (): number | undefined => provider.counts.get('subscribe');
    await eventually(polls).toBe(2);
    provider.server.always = spoiling('/v2/subscribe/', resetBeforeAnswer, 3);
    provider.endPolls();
    await eventually(polls).toBe(3);
    provider.publish('orders', 1);
    provider.publish('orders', 2);
    await eventually(() => subscribed).toEqual(['orders', 'orders again']);
    await eventually(() => heard.map(({ data }) => data)).toEqual([1, 2]);
    expect(states).toEqual(['connecting', 'connected', 'connecting', 'connected']);
    expect(errors).toMatchObject([{ code: 'CONNECTION', message: 'Push connection: it failed or was lost' }]);
  });

  it('says that the service refuses its key, stops, and tries again when it is told to', async () => {
    const provider = await start();
    provider.server.always = spoiling('/v2/subscribe/', answering({ status: 400, body: { error: true } }), 1);
    const { client, states, errors, subscribed } = open(provider, PubNub);
    await eventually(() => states).toEqual(['connecting', 'disconnected']);
    expect(errors).toMatchObject([
      { code: 'CONNECTION', status: 400, message: 'Push connection: PubNub refused it (400)' },
    ]);
    client.connect();
    await eventually(() => subscribed).toEqual(['orders']);
    expect(states).toEqual(['connecting', 'disconnected', 'connecting', 'connected']);
    const polls = (): number | undefined => provider.counts.get('subscribe');
    await eventually(polls).toBe(3);
    provider.server.always = spoiling('/v2/subscribe/', answering({ status: 400, body: { error: true } }), 1);
    provider.endPolls();
    await eventually(polls).toBe(4);
    provider.endPolls();
    await eventually(() => states.at(-1)).toBe('disconnected');
    client.connect();
    await eventually(() => subscribed).toEqual(['orders', 'orders again']);
    expect(client.channel('orders').isSubscribed).toBe(true);
  });

  it('is connecting when the listener of its error tries again', async () => {
    const provider = await start();
    provider.server.always = spoiling('/v2/subscribe/', answering({ status: 400, body: { error: true } }), 1);
    const { client, states, subscribed } = open(provider, PubNub);
    client.onError(() => client.connect());
    await eventually(() => subscribed).toEqual(['orders']);
    expect(states).toEqual(['connecting', 'disconnected', 'connecting', 'connected']);
  });

  it('tells which channels are refused, and goes on with the others', async () => {
    const provider = await start();
    provider.forbidden.add('secret');
    const { client, heard, errors, subscribed } = open(provider, PubNub, { channels: ['orders', 'secret', 'audit'] });
    await eventually(() => subscribed).toEqual(['orders', 'audit']);
    const refusal = { code: 'SUBSCRIPTION', channel: 'secret', status: 403 };
    expect(errors).toMatchObject([refusal]);
    provider.publish('audit', 1);
    await eventually(() => heard).toHaveLength(1);
    provider.forbidden.delete('secret');
    client.subscribe('secret');
    await eventually(() => subscribed).toEqual(['orders', 'audit', 'secret']);
  });

  it('tries a refused channel again when the listener of its refusal asks for that', async () => {
    const provider = await start();
    const refused = new Set(['theirs']);
    const application = await startApplication(provider, refused);
    const { client, errors, subscribed } = open(provider, PubNub, {
      channels: ['orders', 'theirs'],
      options: { auth: { endpoint: application.origin } },
    });
    client.onError(({ channel }) => {
      refused.clear();
      if (channel !== undefined) client.subscribe(channel);
    });
    await eventually(() => subscribed).toContain('theirs');
    expect(errors).toMatchObject([{ code: 'SUBSCRIPTION', channel: 'theirs', status: 403 }]);
  });

  it('asks the application for one token for all channels, and again when a channel is added', async () => {
    const provider = await start();
    const application = await startApplication(provider, new Set(['theirs']));
    const { client, heard, errors, subscribed } = open(provider, PubNub, {
      channels: ['orders', 'theirs', 'audit'],
      config: { authEndpoint: `${application.origin}/push/auth` },
    });
    await eventually(() => subscribed).toEqual(['orders', 'audit']);
    expect(application.requests).toHaveLength(1);
    expect([...(application.requests[0]?.form ?? [])]).toEqual([
      ['channel_name', 'orders'],
      ['channel_name', 'theirs'],
      ['channel_name', 'audit'],
    ]);
    expect(errors).toMatchObject([{ code: 'SUBSCRIPTION', channel: 'theirs', status: 403 }]);
    client.subscribe('news');
    await eventually(() => subscribed).toEqual(['orders', 'audit', 'news']);
    expect(application.requests.map(({ form }) => form.getAll('channel_name'))).toEqual([
      ['orders', 'theirs', 'audit'],
      ['orders', 'audit', 'news'],
    ]);
    provider.publish('news', 1);
    provider.publish('orders', 2);
    await eventually(() => heard.map(({ data }) => data)).toEqual([1, 2]);
  });

  it('says so when the application refuses all channels, and asks PubNub nothing', async () => {
    const provider = await start();
    const application = await startApplication(provider, new Set(['orders']));
    const endpoint = `${application.origin}/push/auth`;
    const { errors } = open(provider, PubNub, { options: { auth: { endpoint } } });
    await eventually(() => errors).toHaveLength(1);
    expect(errors).toMatchObject([
      { channel: 'orders', status: 403, message: 'The subscription to "orders" was refused: These are not yours.' },
    ]);
    expect(provider.counts.get('subscribe')).toBeUndefined();
  });

  it.each([1, -1])('renews a token that has expired, unseen, when the clock has moved by %i hours', async (hours) => {
    const provider = await start();
    const application = await startApplication(provider, new Set());
    vi.useFakeTimers({ toFake: ['Date'] });
    onTestFinished(() => void vi.useRealTimers());
    const endpoint = `${application.origin}/push/auth`;
    const { heard, states, errors, subscribed } = open(provider, PubNub, { options: { auth: { endpoint } } });
    await eventually(() => subscribed).toHaveLength(1);
    vi.setSystemTime(Date.now() + hours * 60 * 60_000);
    provider.access.expireAll();
    provider.publish('orders', 1);
    provider.publish('orders', 2);
    await eventually(() => heard.map(({ data }) => data)).toEqual([1, 2]);
    await eventually(() => application.requests).toHaveLength(2);
    provider.publish('orders', 3);
    await eventually(() => heard.map(({ data }) => data)).toEqual([1, 2, 3]);
    expect([states, errors]).toEqual([['connecting', 'connected'], []]);
  });

  it('does not ask again and again for a token that PubNub refuses', async () => {
    const provider = await start();
    const application = await startAuthServer(() => ({ auth: 'worthless' }));
    provider.access.isRequired = true;
    const { errors } = open(provider, PubNub, { options: { auth: { endpoint: application.origin } } });
    await eventually(() => errors).toHaveLength(1);
    expect(errors).toMatchObject([{ code: 'SUBSCRIPTION', channel: 'orders', status: 403 }]);
    expect(application.requests).toHaveLength(1);
  });

  it('takes the class in the module around it', () => {
    const page = { backend: 'pubnub', subscribeKey: 'sub', channels: [] };
    for (const module of [{ default: PubNub }, { PubNub }, { default: { PubNub } }]) {
      const client = new PushClient(page, { PubNub: module as never });
      client.connect();
      expect(client.state).toBe('connected');
      client.disconnect();
    }
  });

  it('waits as long as the application asks it to before it asks for a token again', async () => {
    const provider = await start();
    const application = await startAuthServer(() => ({ status: 503, headers: { 'retry-after': '60' } }));
    const timers = vi.spyOn(globalThis, 'setTimeout');
    onTestFinished(() => timers.mockRestore());
    const { errors } = open(provider, PubNub, { options: { auth: { endpoint: application.origin } } });
    await eventually(() => errors).toHaveLength(1);
    expect(timers.mock.calls.filter(([, ms = 0]) => ms > 60_000 && ms <= 60_500)).toHaveLength(1);
  });

  it('asks for a token until the application answers', async () => {
    const provider = await start();
    const granting = await startApplication(provider, new Set());
    let isDown = true;
    const application = await startAuthServer(async ({ form }) => {
      if (isDown) return 502;
      const response = await fetch(granting.origin, { method: 'POST', body: form });
      return response.json();
    });
    const { errors, states, subscribed } = open(provider, PubNub, {
      options: { auth: { endpoint: application.origin } },
    });
    await eventually(() => application.requests.length).toBeGreaterThan(1);
    isDown = false;
    await eventually(() => subscribed).toEqual(['orders']);
    expect(errors).toMatchObject([
      { code: 'CONNECTION', message: `Push connection: no token: ${application.origin} answered 502` },
    ]);
    expect(states).toEqual(['connecting', 'connected']);
  });

  it('leaves its channels at disconnect() and comes back at connect()', async () => {
    const provider = await start();
    const { client, heard, subscribed } = open(provider, PubNub);
    await eventually(() => subscribed).toHaveLength(1);
    client.disconnect();
    await eventually(() => [...(provider.present.get('orders') ?? [])]).toEqual([]);
    provider.publish('orders', 'missed');
    client.connect();
    await eventually(() => subscribed).toEqual(['orders', 'orders again']);
    provider.publish('orders', 'heard');
    await eventually(() => heard.map(({ data }) => data)).toEqual(['heard']);
  });

  it('is nobody’s page under the same random id for all pages of a browser', async () => {
    const provider = await start();
    const kept = new Map<string, string>();
    vi.stubGlobal('localStorage', {
      getItem: (key: string) => kept.get(key) ?? null,
      setItem: (key: string, value: string) => void kept.set(key, value),
    });
    const pages = [1, 2].map(() => open(provider, PubNub, { config: { userId: undefined } }));
    for (const { subscribed } of pages) await eventually(() => subscribed).toHaveLength(1);
    const [id, ...others] = provider.present.get('orders') ?? [];
    expect(id).toMatch(/^anonymous-\d+-\d+-\d+-\d+$/);
    expect(others).toEqual([]);
  });

  it('takes another user id and other options of the SDK from the page', async () => {
    const provider = await start();
    vi.stubGlobal('localStorage', {
      getItem: () => {
        throw new Error('forbidden');
      },
    });
    const first = open(provider, PubNub, { config: { userId: undefined } });
    const second = open(provider, PubNub, { options: { pubnub: { userId: 'ben' } } });
    for (const { subscribed } of [first, second]) await eventually(() => subscribed).toHaveLength(1);
    expect([...(provider.present.get('orders') ?? [])].sort()).toEqual([expect.stringMatching(/^anonymous-/), 'ben']);
  });

  it('cannot send from a page', () => {
    const client = new PushClient(
      { backend: 'pubnub', subscribeKey: 'sub-c', channels: [], userId: 'ann' },
      { PubNub: PubNub as never },
    );
    onTestFinished(() => client.disconnect());
    client.connect();
    expect(() => client.channel('orders').trigger('client-typing', 1)).toThrow(
      expect.objectContaining({ code: 'UNSUPPORTED_OPERATION', message: expect.stringMatching(/backend "pubnub"/) }),
    );
  });
});

describe('a client for PubNub that lacks something', () => {
  it('says how to get the SDK', () => {
    const client = new PushClient({ backend: 'pubnub', subscribeKey: 'sub-c', channels: [] });
    expect(() => client.connect()).toThrow(/needs pubnub for the "pubnub" backend: load its script .* \{ PubNub \}/);
  });

  it('names the missing key', () => {
    vi.stubGlobal('PubNub', sdkVersions[0]?.PubNub);
    const client = new PushClient({ backend: 'pubnub', channels: [] });
    expect(() => client.connect()).toThrow(/needs "subscribeKey"/);
  });
});
