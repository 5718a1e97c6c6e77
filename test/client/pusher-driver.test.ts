import PusherJs, * as pusherNamespace from 'pusher-js';
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { PushClient, type PushClientError, type PusherAuthHandler } from '../../src/client/index.js';
import { FakePusher } from './fake-pusher.js';

const config = { backend: 'websocket', key: 'key', host: 'localhost', port: 6001, useTLS: false, channels: ['mine'] };

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

function connected(channels: readonly string[] = ['mine'], options: object = {}) {
  const client = new PushClient({ ...config, channels }, { Pusher: FakePusher, ...options });
  const received: unknown[] = [];
  const errors: PushClientError[] = [];
  client.bindAll((_data, message) => received.push(message));
  client.onError((error) => errors.push(error));
  client.connect();
  onTestFinished(() => client.disconnect());
  const pusher = FakePusher.last;
  if (!pusher) throw new Error('no pusher was made');
  pusher.connection.become('connected');
  pusher.calls.length = 0;
  const channel = (name: string) => {
    const found = pusher.channels.get(name);
    if (!found) throw new Error(`not subscribed to ${name}`);
    return found;
  };
  return { client, pusher, channel, received, errors };
}

/** By default the application is asked by functions of this package. */
const authHandlers = {
  channelAuthorization: { customHandler: expect.any(Function) },
  userAuthentication: { customHandler: expect.any(Function) },
};

describe('the options for pusher-js', () => {
  const optionsFor = (changes: object, location?: object): unknown => {
    vi.stubGlobal('location', location);
    new PushClient({ ...config, host: undefined, port: undefined, useTLS: undefined, ...changes } as never, {
      Pusher: FakePusher,
    }).connect();
    return FakePusher.last?.options;
  };

  it('come from the configuration', () => {
    expect(
      optionsFor(
        { host: 'push.example.com', port: 6001, useTLS: false },
        { protocol: 'https:', hostname: 'example.com', port: '' },
      ),
    ).toEqual({
      cluster: '',
      wsHost: 'push.example.com',
      wsPort: 6001,
      wssPort: 6001,
      forceTLS: false,
      enabledTransports: ['ws'],
      ...authHandlers,
    });
    expect(FakePusher.last?.key).toBe('key');
  });

  it.each([
    ['http:', 'localhost', '3000', { wsHost: 'localhost', wsPort: 3000, wssPort: 3000, forceTLS: false }],
    ['http:', '[::1]', '', { wsHost: '[::1]', wsPort: 80, wssPort: 80, forceTLS: false }],
    ['https:', 'example.com', '', { wsHost: 'example.com', wsPort: 443, wssPort: 443, forceTLS: true }],
    ['https:', 'example.com', '8443', { wsHost: 'example.com', wsPort: 8443, wssPort: 8443, forceTLS: true }],
  ])('come from a page at %s//%s:%s where the configuration is silent', (protocol, hostname, port, expected) => {
    expect(optionsFor({}, { protocol, hostname, port })).toMatchObject(expected);
  });

  it('give way to those that the page passes', () => {
    const channelAuthorization = { endpoint: '/push/auth', transport: 'ajax' } as const;
    connected([], { pusher: { channelAuthorization, wsPath: '/push' } });
    expect(FakePusher.last?.options).toMatchObject({ channelAuthorization, wsPath: '/push', wsHost: 'localhost' });
  });

  it('lead to the cluster of the hosted service, over TLS and with all of its transports', () => {
    const page = { protocol: 'http:', hostname: 'example.com', port: '3000' };
    expect(optionsFor({ backend: 'pusher', cluster: 'eu' }, page)).toEqual({
      cluster: 'eu',
      forceTLS: true,
      ...authHandlers,
    });
    expect(optionsFor({ backend: 'pusher', cluster: 'eu', useTLS: false }, page)).toMatchObject({ forceTLS: false });
  });

  it('cannot be made without a host outside a page', () => {
    expect(() => optionsFor({})).toThrow(/needs "host"/);
  });
});

describe('a client that lacks something', () => {
  it('says how to get pusher-js', () => {
    expect(() => new PushClient(config).connect()).toThrow(
      'needs pusher-js for the "websocket" backend: ' +
        'load its script first, or pass it as new PushClient(config, { Pusher })',
    );
  });

  it('finds pusher-js in the global that its script sets', () => {
    vi.stubGlobal('Pusher', FakePusher);
    const client = new PushClient(config);
    client.connect();
    expect(client.state).toBe('connecting');
  });

  it('names the missing key', () => {
    expect(() => new PushClient({ backend: 'websocket', channels: [] }, { Pusher: FakePusher }).connect()).toThrow(
      /needs "key"/,
    );
  });

  it.each([
    ['itself', PusherJs],
    ['in the namespace of its module', pusherNamespace],
    ['as a default', { default: PusherJs }],
    ['as a default of a default', { default: { default: PusherJs } }],
    ['by its name', { Pusher: PusherJs }],
    ['by its name in a default', { default: { Pusher: PusherJs } }],
  ])('takes the constructor of the pusher-js package %s', (_, Pusher) => {
    const client = new PushClient({ ...config, port: 1 }, { Pusher: Pusher as never });
    onTestFinished(() => client.disconnect());
    client.connect();
    expect(client.state).toBe('connecting');
  });

  it.each([[{}], [{ default: {} }], ['Pusher'], [[PusherJs]]])('says that %j is no constructor', (Pusher) => {
    const client = new PushClient(config, { Pusher: Pusher as never });
    const expected = {
      name: 'PushClientError',
      code: 'CONFIGURATION',
      message: expect.stringContaining('"Pusher" is none'),
    };
    expect(() => client.connect()).toThrow(expect.objectContaining(expected));
  });
});

describe('the driver for pusher-js', () => {
  it('hands on the events of the subscribed channels', () => {
    const { channel, received } = connected();
    channel('mine').emit('greeted', { text: 'hello' });
    channel('mine').emit('pusher:subscription_succeeded', {});
    expect(received).toEqual([{ channel: 'mine', event: 'greeted', data: { text: 'hello' } }]);
  });

  it('hands on protocol events to listeners that are bound to them', () => {
    const { client, channel } = connected();
    const listener = vi.fn();
    client.bind('pusher:cache_miss', listener);
    channel('mine').emit('pusher:cache_miss', undefined);
    expect(listener).toHaveBeenCalledTimes(1);
  });

  it('follows the connection’s state and tells the socket id only while connected', () => {
    const { client, pusher } = connected();
    expect([client.state, client.socketId]).toEqual(['connected', '1.1']);
    pusher.connection.become('unavailable');
    expect([client.state, client.socketId]).toEqual(['unavailable', undefined]);
  });

  it('delivers once after subscribing again and again', () => {
    const { client, channel, received } = connected();
    client.subscribe('mine');
    client.connect();
    channel('mine').emit('greeted', 1);
    expect(received).toHaveLength(1);
  });

  it('delivers once after leaving a channel and joining it again', () => {
    const { client, channel, received } = connected();
    const before = channel('mine');
    client.unsubscribe('mine');
    before.emit('greeted', 'too late');
    client.subscribe('mine');
    channel('mine').emit('greeted', 'in time');
    expect(received).toMatchObject([{ data: 'in time' }]);
  });

  it('uses the same connection after disconnect() and connect()', () => {
    const { client, pusher, channel, received } = connected();
    client.disconnect();
    expect(client.state).toBe('disconnected');
    client.connect();
    expect(FakePusher.last).toBe(pusher);
    expect(client.state).toBe('connecting');
    channel('mine').emit('greeted', 1);
    expect(received).toHaveLength(1);
  });

  it('is connecting when a listener connects again while it is being disconnected', () => {
    const { client, pusher } = connected();
    const remove = client.onStateChange(() => {
      remove();
      client.connect();
    });
    client.disconnect();
    expect([client.state, pusher.connection.state]).toEqual(['connecting', 'connecting']);
  });

  it('is not subscribed to a channel that a listener left as soon as its members were known', () => {
    const { client, channel, received } = connected(['presence-room']);
    client.bind('pusher:subscription_succeeded', (data) => received.push(data));
    client.channel('presence-room').onMembersChange(() => client.unsubscribe('presence-room'));
    const room = Object.assign(channel('presence-room'), { members: { members: { ann: null } } });
    room.emit('pusher:subscription_succeeded', {});
    expect(client.channel('presence-room').isSubscribed).toBe(false);
    expect(received).toEqual([]);
  });

  it('reports a refused subscription and tries again when asked to', () => {
    const { client, pusher, channel, errors } = connected(['private-mine']);
    channel('private-mine').subscriptionPending = true;
    channel('private-mine').emit('pusher:subscription_error', { type: 'AuthError', error: 'Forbidden', status: 403 });
    expect(errors).toMatchObject([
      {
        name: 'PushClientError',
        code: 'SUBSCRIPTION',
        channel: 'private-mine',
        status: 403,
        message: 'The subscription to "private-mine" was refused: Forbidden',
      },
    ]);
    expect(channel('private-mine').subscriptionPending).toBe(false);
    client.subscribe('private-mine');
    expect(pusher.calls).toEqual(['subscribe private-mine']);
  });

  it.each(['pusher:subscription_succeeded', 'pusher:subscription_error'])(
    'leaves a channel again that comes back with %s after it was left',
    (event) => {
      const { client, pusher, channel, received, errors } = connected();
      const left = channel('mine');
      client.unsubscribe('mine');
      left.emit(event, {});
      left.emit('greeted', 1);
      expect(pusher.calls).toEqual(['unsubscribe mine', 'unsubscribe mine']);
      expect([received, errors]).toEqual([[], []]);
    },
  );

  it('reports a channel that pusher-js cannot subscribe to, and subscribes to the others', () => {
    const { pusher, errors } = connected(['private-encrypted-a', 'b']);
    expect(errors).toMatchObject([{ code: 'SUBSCRIPTION', channel: 'private-encrypted-a' }]);
    expect([...pusher.channels.keys()]).toEqual(['b']);
  });

  it('tells who sent an event on a presence channel', () => {
    const { pusher, channel, received } = connected(['presence-room']);
    const frame = { channel: 'presence-room', event: 'client-typing', data: {}, user_id: '7' };
    channel('presence-room').emit(frame.event, frame.data);
    pusher.connection.emit('message', frame);
    pusher.connection.emit('message', { channel: 'presence-room', event: 'pusher_internal:member_added', data: {} });
    pusher.connection.emit('message', { event: 'pusher:pong', data: {} });
    expect(received).toEqual([{ channel: 'presence-room', event: 'client-typing', data: {}, userId: '7' }]);
  });

  it('receives what is sent to the user who is signed in', () => {
    const { pusher, received } = connected([], { signIn: true });
    expect(pusher.calls).toEqual([]);
    pusher.connection.emit('message', { channel: '#server-to-user-7', event: 'greeted', data: 1 });
    expect(received).toEqual([{ channel: '#server-to-user-7', event: 'greeted', data: 1 }]);
  });

  it('signs the user in for a configured user channel, and not without being asked', () => {
    const { client, pusher, received } = connected();
    pusher.connection.emit('message', { channel: '#server-to-user-7', event: 'greeted', data: 1 });
    expect(received).toEqual([]);
    client.subscribe('#server-to-user-7');
    expect(pusher.calls).toEqual(['signin']);
    pusher.connection.emit('message', { channel: '#server-to-user-7', event: 'greeted', data: 2 });
    expect(received).toMatchObject([{ data: 2 }]);
  });

  it('reports a refused sign-in', () => {
    const { pusher, errors } = connected([], { signIn: true });
    pusher.user.emit('pusher:signin_error', { type: 'AuthError', error: 'Unauthorized', status: 401 });
    expect(errors).toMatchObject([
      { code: 'SIGN_IN', status: 401, message: "The user's sign-in was refused: Unauthorized" },
    ]);
  });

  it('reports an error of the connection once, with the reason that the server gave', () => {
    const { pusher, errors } = connected();
    const error = { type: 'PusherError', data: { code: 4200, message: 'Reconnect' } };
    const told = (): unknown[] => errors.splice(0).map(({ code, status, message }) => [code, status, message]);
    pusher.connection.emit('error', error);
    pusher.connection.emit('error', { type: 'WebSocketError', error });
    expect(told()).toEqual([['CONNECTION', 4200, 'Push connection: Reconnect (code 4200)']]);
    pusher.connection.become('connecting');
    pusher.connection.become('connected');
    pusher.connection.emit('error', error);
    expect(told()).toHaveLength(1);
    pusher.connection.emit('error', { type: 'WebSocketError', error: {} });
    expect(told()).toEqual([['CONNECTION', undefined, 'Push connection: the connection failed or was lost']]);
  });

  it('says once where nobody answers, and adds nothing to what it said of a lost connection', () => {
    const first = connected();
    const unreachable = new PushClient(config, { Pusher: FakePusher });
    const errors: PushClientError[] = [];
    unreachable.onError((error) => errors.push(error));
    unreachable.connect();
    for (const state of ['unavailable', 'connecting', 'unavailable']) FakePusher.last?.connection.become(state);
    expect(errors).toMatchObject([
      {
        code: 'CONNECTION',
        message: 'Push connection: no answer yet from localhost:6001. Is the push server running?',
      },
    ]);
    first.pusher.connection.emit('error', { type: 'PusherError', data: { code: 1006, message: '' } });
    first.pusher.connection.become('unavailable');
    expect(first.errors).toMatchObject([{ status: 1006, isTemporary: true }]);
  });

  it('names the cluster that does not answer', () => {
    const errors: PushClientError[] = [];
    const client = new PushClient({ ...config, cluster: 'eu' }, { Pusher: FakePusher });
    client.onError((error) => errors.push(error));
    client.connect();
    FakePusher.last?.connection.become('unavailable');
    expect(errors).toMatchObject([{ message: expect.stringContaining('no answer yet from cluster eu.') }]);
  });

  it('reports each error that leaves the connection open', () => {
    const { pusher, errors } = connected();
    const error = { type: 'PusherError', data: { code: 4301, message: 'Too many client events' } };
    pusher.connection.emit('error', error);
    pusher.connection.emit('error', error);
    expect(errors).toHaveLength(2);
  });

  it('tells whether the client comes back after a code', () => {
    const { pusher, errors } = connected();
    const codes = [1001, 4009, 4100, 4201, 4301];
    for (const code of codes) pusher.connection.emit('error', { type: 'PusherError', data: { code, message: '' } });
    expect(errors.map(({ status, isTemporary }) => [status, isTemporary])).toEqual([
      [1001, true],
      [4009, false],
      [4100, true],
      [4201, true],
      [4301, false],
    ]);
  });
});

describe('a lost connection', () => {
  it('is tried again after at most 1, 2, 4 and 8 seconds, unseen, and then left to pusher-js', () => {
    vi.useFakeTimers();
    const { client, pusher } = connected();
    const states: string[] = [];
    client.onStateChange((state) => states.push(state));
    pusher.connection.become('connecting');
    for (const seconds of [1, 2, 4, 8]) {
      pusher.calls.length = 0;
      vi.advanceTimersByTime(seconds * 500 - 1);
      expect(pusher.calls).toEqual([]);
      vi.advanceTimersToNextTimer();
      expect(pusher.calls).toEqual(['disconnect', 'connect']);
    }
    expect(vi.getTimerCount()).toBe(0);
    pusher.connection.become('unavailable');
    pusher.connection.become('connecting');
    expect(vi.getTimerCount()).toBe(0);
    expect(states).toEqual(['connecting', 'unavailable', 'connecting']);
  });

  it('is not tried again any more once it is back, or after disconnect()', () => {
    vi.useFakeTimers();
    const { client, pusher } = connected();
    pusher.connection.become('connecting');
    pusher.connection.become('connected');
    expect(vi.getTimerCount()).toBe(0);
    pusher.connection.become('connecting');
    expect(vi.getTimerCount()).toBe(1);
    client.disconnect();
    expect(vi.getTimerCount()).toBe(0);
    expect(client.state).toBe('disconnected');
  });

  it('is another thing than a first connection, which gets all the time that it needs', () => {
    vi.useFakeTimers();
    new PushClient(config, { Pusher: FakePusher }).connect();
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('a page that has woken up', () => {
  /** Stands in for the globals of a page. */
  function stubPage(): { window: EventTarget; document: { visibilityState: string } } {
    const window = new EventTarget();
    const document = { visibilityState: 'visible' };
    vi.stubGlobal('addEventListener', window.addEventListener.bind(window));
    vi.stubGlobal('document', document);
    return { window, document };
  }

  const persisted = (type: string): Event => Object.assign(new Event(type), { persisted: true });

  it('asks the server for a sign of life, once at a time, and keeps a connection that gives one', () => {
    vi.useFakeTimers();
    const { window, document } = stubPage();
    const { client, pusher } = connected();
    for (const type of ['focus', 'online', 'visibilitychange', 'pageshow']) window.dispatchEvent(new Event(type));
    client.connect();
    expect(pusher.calls.filter((call) => call !== 'subscribe mine')).toEqual(['pusher:ping', 'connect']);
    pusher.connection.emit('message', { event: 'pusher:pong', data: {} });
    expect(vi.getTimerCount()).toBe(0);
    document.visibilityState = 'hidden';
    window.dispatchEvent(new Event('visibilitychange'));
    expect(vi.getTimerCount()).toBe(0);
    document.visibilityState = 'visible';
    window.dispatchEvent(new Event('focus'));
    expect(pusher.calls.at(-1)).toBe('pusher:ping');
  });

  it('replaces within 3 seconds a connection that gives none, and at once one that pusher-js waits to try', () => {
    vi.useFakeTimers();
    const { window } = stubPage();
    const { client, pusher } = connected();
    const states: string[] = [];
    client.onStateChange((state) => states.push(state));
    window.dispatchEvent(new Event('online'));
    vi.advanceTimersByTime(2_999);
    expect(pusher.calls).toEqual(['pusher:ping']);
    vi.advanceTimersByTime(1);
    expect(pusher.calls).toEqual(['pusher:ping', 'disconnect', 'connect']);
    pusher.connection.become('unavailable');
    window.dispatchEvent(new Event('focus'));
    expect(pusher.calls.slice(3)).toEqual(['disconnect', 'connect']);
    expect(states).toEqual(['connecting', 'unavailable', 'connecting']);
  });

  it('does nothing after disconnect(), and listens to the page no more', () => {
    vi.useFakeTimers();
    const { window } = stubPage();
    const { client, pusher } = connected();
    window.dispatchEvent(new Event('focus'));
    client.disconnect();
    pusher.calls.length = 0;
    for (const event of [new Event('focus'), persisted('pagehide'), persisted('pageshow')]) window.dispatchEvent(event);
    expect([pusher.calls, vi.getTimerCount()]).toEqual([[], 0]);
  });

  it('was away in the back/forward cache: it leaves the server and comes back', () => {
    vi.useFakeTimers();
    const { window } = stubPage();
    const { client, pusher } = connected();
    window.dispatchEvent(Object.assign(new Event('pagehide'), { persisted: false }));
    expect([client.state, pusher.calls]).toEqual(['connected', []]);
    window.dispatchEvent(persisted('pagehide'));
    expect([client.state, client.socketId, pusher.calls]).toEqual(['connecting', undefined, ['disconnect']]);
    window.dispatchEvent(persisted('pageshow'));
    expect([client.state, pusher.calls]).toEqual(['connecting', ['disconnect', 'connect']]);
    pusher.connection.become('connected');
    window.dispatchEvent(persisted('pagehide'));
    client.disconnect();
    window.dispatchEvent(persisted('pageshow'));
    expect([client.state, pusher.connection.state]).toEqual(['disconnected', 'disconnected']);
  });
});

describe('an application that wants to be left alone', () => {
  it('is asked again after its Retry-After and a random part, then after waits that double', async () => {
    vi.useFakeTimers();
    vi.spyOn(Math, 'random').mockReturnValue(1);
    const retryAfter = ['7', '0', '0'];
    const asked: number[] = [];
    const begin = Date.now();
    const fetch = async (): Promise<Response> => {
      asked.push(Date.now() - begin);
      return new Response('', { status: 503, headers: { 'retry-after': retryAfter.shift() ?? '0' } });
    };
    const { client, pusher, errors } = connected(['private-mine'], { auth: { fetch } });
    const { customHandler } = pusher.options['channelAuthorization'] as { customHandler: PusherAuthHandler };
    customHandler({ socketId: '1.1', channelName: 'private-mine' }, () => {});
    await vi.advanceTimersByTimeAsync(7_499);
    expect(asked).toEqual([0]);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(asked).toEqual([0, 7_500, 8_500, 10_500, 14_500, 22_500, 38_500]);
    expect(errors).toHaveLength(1);
    client.disconnect();
    expect(vi.getTimerCount()).toBe(0);
    vi.restoreAllMocks();
  });
});
