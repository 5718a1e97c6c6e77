import { describe, expect, it } from 'vitest';
import {
  type ClientConfig,
  type ClientDriver,
  type ClientDriverHost,
  PushClient,
  type PushClientOptions,
} from '../../src/client/index.js';
import { Pusher, useEmbeddedServer } from './embedded-server.js';
import { observed } from './observed.js';

const visitor = { backend: 'shop', host: 'shop.example', channels: ['session-1'] };
const ann = { ...visitor, channels: ['session-2'], userId: 'ann' };

/** A client whose drivers note what they are asked, each under its number. */
function clientWithDrivers(options: PushClientOptions = {}, own: Partial<ClientDriver> = {}) {
  const calls: string[] = [];
  const hosts: ClientDriverHost[] = [];
  const driver = (host: ClientDriverHost, { userId = 'visitor' }: ClientConfig): ClientDriver => {
    const number = hosts.push(host);
    const note = (what: string) => void calls.push(`${number} ${what}`);
    note(`for ${userId}`);
    return {
      socketId: `${number}.1`,
      connect: () => {
        note('connect');
        host.receiveState('connected');
      },
      disconnect: () => {
        note('disconnect');
        host.receiveState('disconnected');
      },
      subscribe: (channel) => {
        note(`+ ${channel}`);
        host.receiveSubscription(channel);
      },
      unsubscribe: (channel) => note(`- ${channel}`),
      ...own,
    };
  };
  const client = new PushClient(visitor, { driver, ...options });
  return { client, calls, hosts };
}

describe('a client that is configured anew', () => {
  it('leaves the channels of the old configuration and joins those of the new one, on the same connection', () => {
    const { client, calls } = clientWithDrivers();
    const { states } = observed(client);
    client.configure(ann);
    client.configure(ann);
    expect(calls).toEqual(['1 for visitor', '1 + session-1', '1 connect', '1 - session-1', '1 + session-2']);
    expect(states).toEqual(['connected']);
    expect(client.channel('session-1').isSubscribed).toBe(false);
    expect(client.channel('session-2').isSubscribed).toBe(true);
  });

  it('keeps the channels that the page asked for by name, and those that it listens to', () => {
    const { client, calls } = clientWithDrivers();
    client.connect();
    client.subscribe('session-1');
    client.subscribe('news');
    const stop = client.channel('orders').bind('paid', () => {});
    calls.length = 0;
    client.configure({ ...ann, channels: ['news', 'orders'] });
    expect(calls).toEqual([]);
    client.configure({ ...ann, channels: [] });
    expect(calls).toEqual([]);
    stop();
    client.unsubscribe('news');
    client.configure({ ...ann, channels: ['news'] });
    expect(calls).toEqual(['1 - news', '1 + news']);
  });

  it('keeps what is configured when it comes back after a disconnect()', () => {
    const { client, calls } = clientWithDrivers();
    client.connect();
    client.configure(ann);
    client.disconnect();
    calls.length = 0;
    client.configure({ ...ann, channels: ['session-3'] });
    expect(client.state).toBe('disconnected');
    client.connect();
    expect(calls).toEqual(['1 - session-2', '1 + session-3', '1 connect']);
  });

  it.each([
    ['another server', visitor, { ...visitor, host: 'other.example' }, {}],
    ['another backend', visitor, { ...visitor, backend: 'other' }, {}],
    ['another user', ann, { ...ann, userId: 'ben' }, {}],
    ['no user any more', ann, { ...visitor, channels: ann.channels }, {}],
    ['a user, where users are signed in', visitor, { ...visitor, userId: 'ann' }, { signIn: true }],
  ])('connects anew where it names %s', (_, before, after, options) => {
    const { client, calls, hosts } = clientWithDrivers(options);
    client.configure(before);
    const { states, heard, errors } = observed(client);
    client.subscribe('news');
    calls.length = 0;
    client.configure(after);
    const [channel = ''] = after.channels;
    expect(calls).toEqual([
      `2 for ${'userId' in after ? after.userId : 'visitor'}`,
      '1 disconnect',
      `2 + ${channel}`,
      '2 + news',
      '2 connect',
    ]);
    expect(states).toEqual(['connected', 'connecting', 'connected']);
    expect(client.socketId).toBe('2.1');
    // The old connection is heard no more.
    hosts[0]?.receiveState('failed');
    hosts[0]?.receiveMessage({ channel, event: 'late', data: 1 });
    hosts[1]?.receiveMessage({ channel, event: 'right', data: 1 });
    expect([client.state, heard.map(({ event }) => event), errors]).toEqual(['connected', ['right'], []]);
  });

  it('connects anew for other channels where the server knows none', () => {
    const { client, calls } = clientWithDrivers({}, { knowsChannels: false });
    client.connect();
    calls.length = 0;
    client.configure({ ...visitor, channels: ['session-2'] });
    expect(calls.slice(-3)).toEqual(['1 disconnect', '2 + session-2', '2 connect']);
  });

  it('changes nothing where the configuration is refused', () => {
    const client = new PushClient({ ...visitor, backend: 'console' });
    const { states } = observed(client);
    const refused = { code: 'CONFIGURATION' };
    expect(() => client.configure({ error: 'not found' } as never)).toThrow(expect.objectContaining(refused));
    expect(() => client.configure({ ...ann, backend: 'pigeon' })).toThrow(expect.objectContaining(refused));
    expect([client.state, states]).toEqual(['unavailable', ['unavailable']]);
  });

  it('hands the channels to a transport of the page', () => {
    const calls: string[] = [];
    class Own extends PushClient {
      override subscribe(channel: string): void {
        calls.push(`+ ${channel}`);
      }
      override unsubscribe(channel: string): void {
        calls.push(`- ${channel}`);
      }
    }
    const client = new Own(visitor);
    client.configure(visitor);
    client.connect();
    client.configure(ann);
    expect(calls).toEqual(['+ session-1', '- session-1', '+ session-2']);
  });
});

describe('with pusher-js', () => {
  const service = useEmbeddedServer();

  it('hears the new channel and not the old one, and is no longer the user of before', async () => {
    const push = service();
    await push.ready();
    const session = async (channelId: string, userId?: string) => ({
      ...(await push.clientConfig({ session: { channelId, userId } })),
      host: '127.0.0.1',
    });
    const client = new PushClient(await session('visitors'), { Pusher });
    const { heard, subscribed, states, errors } = observed(client);
    const next = () => new Promise((resolve) => client.onSubscribed(resolve));
    await next();
    const first = client.socketId;

    client.configure(await session('of-ann', 'ann'));
    await next();
    expect(client.socketId).toBe(first);
    await push.channel('visitors').trigger('missed', 1);
    await push.channel('of-ann').trigger('heard', 2);
    await expect.poll(() => heard.map(({ event }) => event)).toContain('heard');

    client.configure(await session('visitors'));
    await next();
    expect(client.socketId).not.toBe(first);
    await push.channel('of-ann').trigger('missed', 3);
    await push.channel('visitors').trigger('heard', 4);
    await expect.poll(() => heard.length).toBeGreaterThan(1);
    expect(heard.map(({ data }) => data)).toEqual([2, 4]);
    expect(subscribed).toEqual(['visitors', 'of-ann', 'visitors']);
    expect([states, errors]).toEqual([['connecting', 'connected', 'connecting', 'connected'], []]);
  });
});
