import { afterEach, describe, expect, it, vi } from 'vitest';
import { type ClientDriver, type ClientDriverHost, PushClient, PushClientError } from '../../src/client/index.js';
import { FakePusher } from './fake-pusher.js';

type Source = InstanceType<typeof BroadcastChannel>;

const opened: Source[] = [];

/** What the server publishes, other tabs of the browser receive too: a transport in a dozen lines. */
class BroadcastClient extends PushClient {
  readonly #channels = new Map<string, Source>();

  override subscribe(channel: string): void {
    if (this.#channels.has(channel)) return;
    const source = new BroadcastChannel(channel);
    source.onmessage = ({ data }) => this.receiveMessage({ channel, ...(data as { event: string; data: unknown }) });
    this.#channels.set(channel, source);
    opened.push(source);
  }

  override unsubscribe(channel: string): void {
    this.#channels.get(channel)?.close();
    this.#channels.delete(channel);
  }

  get channelNames(): string[] {
    return [...this.#channels.keys()];
  }
}

function publish(channel: string, event: string, data: unknown): void {
  const source = new BroadcastChannel(channel);
  source.postMessage({ event, data });
  source.close();
}

afterEach(() => {
  for (const source of opened.splice(0)) source.close();
  vi.restoreAllMocks();
});

describe('a subclass that overrides subscribe and unsubscribe', () => {
  it('receives over its own transport, for a backend that has no driver and without pusher-js', async () => {
    const client = new BroadcastClient({ backend: 'MyService', channels: ['mine'] });
    const received = new Promise((resolve) =>
      client.bind('greeted', (data, message) => resolve([data, message.channel])),
    );
    client.connect();
    expect(client.state).toBe('connected');
    expect(client.socketId).toBeUndefined();
    publish('mine', 'greeted', { text: 'hello' });
    expect(await received).toEqual([{ text: 'hello' }, 'mine']);
  });

  it('is handed the configured channels at connect(), once, and is asked to leave them at disconnect()', () => {
    const client = new BroadcastClient({ backend: 'MyService', channels: ['a', 'b', 'a'] });
    const states: string[] = [];
    client.onStateChange((state) => states.push(state));
    const subscribe = vi.spyOn(client, 'subscribe');
    client.connect();
    client.connect();
    expect(subscribe.mock.calls).toEqual([['a'], ['b']]);
    client.disconnect();
    client.disconnect();
    expect(client.channelNames).toEqual([]);
    client.connect();
    expect(client.channelNames).toEqual(['a', 'b']);
    expect(states).toEqual(['connected', 'disconnected', 'connected']);
  });

  it('reports states and errors of its transport', () => {
    class Failing extends PushClient {
      override subscribe(channel: string): void {
        this.receiveState('connecting');
        this.receiveError(new PushClientError('no entry', 'SUBSCRIPTION', { channel }));
      }
    }
    const client = new Failing({ backend: 'MyService', channels: ['mine'] });
    const onError = vi.fn();
    client.onError(onError);
    client.connect();
    expect(client.state).toBe('connecting');
    expect(onError.mock.calls).toMatchObject([[{ code: 'SUBSCRIPTION', channel: 'mine', message: 'no entry' }]]);
  });

  it('leaves a channel to the driver with super.subscribe', () => {
    class Mixed extends PushClient {
      readonly own: string[] = [];
      override subscribe(channel: string): void {
        if (channel.startsWith('own-')) this.own.push(channel);
        else super.subscribe(channel);
      }
    }
    const Pusher = FakePusher;
    const client = new Mixed(
      { backend: 'websocket', key: 'key', host: 'localhost', channels: ['own-a', 'b'] },
      { Pusher },
    );
    client.connect();
    expect(client.own).toEqual(['own-a']);
    expect(FakePusher.last?.calls).toEqual(['subscribe b', 'connect']);
  });
});

describe('a driver of one’s own', () => {
  function driverOf(host: ClientDriverHost, calls: string[]): ClientDriver {
    return {
      socketId: '7.7',
      connect: () => {
        calls.push('connect');
        host.receiveState('connected');
      },
      disconnect: () => void calls.push('disconnect'),
      subscribe: (channel) => void calls.push(`subscribe ${channel}`),
      unsubscribe: (channel) => void calls.push(`unsubscribe ${channel}`),
    };
  }

  it('is handed the channels of the configuration and those asked for before connect(), and then connects', () => {
    const calls: string[] = [];
    const client = new PushClient(
      { backend: 'MyService', channels: ['a', 'left'] },
      { driver: (host) => driverOf(host, calls) },
    );
    client.subscribe('b');
    client.subscribe('b');
    client.unsubscribe('left');
    client.unsubscribe('never');
    expect(client.socketId).toBeUndefined();
    client.connect();
    expect(calls).toEqual(['subscribe a', 'subscribe b', 'connect']);
    expect(client.socketId).toBe('7.7');
    client.subscribe('c');
    client.unsubscribe('a');
    client.disconnect();
    expect(calls.slice(3)).toEqual(['subscribe c', 'unsubscribe a', 'disconnect']);
    client.connect();
    expect(calls.slice(6)).toEqual(['subscribe b', 'subscribe c', 'connect']);
  });

  it('tells each change of state once, with the state before', () => {
    const states: string[] = [];
    const client = new PushClient({ backend: 'MyService', channels: [] }, { driver: (host) => driverOf(host, []) });
    const remove = client.onStateChange((state, previous) => states.push(`${previous} → ${state}`));
    client.connect();
    client.connect();
    client.disconnect();
    remove();
    client.connect();
    expect(states).toEqual(['initialized → connected', 'connected → disconnected']);
    expect(client.state).toBe('connected');
  });

  it('has its errors shown on the console when nobody listens for them', () => {
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => {});
    const client = new PushClient({ backend: 'MyService', channels: [] });
    const error = new PushClientError('lost', 'CONNECTION');
    client.receiveError(error);
    expect(warn.mock.calls).toEqual([[error]]);
    const onError = vi.fn();
    const remove = client.onError(onError);
    client.receiveError(error);
    remove();
    expect(onError).toHaveBeenCalledTimes(1);
    expect(warn).toHaveBeenCalledTimes(1);
  });
});
