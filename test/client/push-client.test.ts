import { afterEach, describe, expect, it, vi } from 'vitest';
import { PushClient, PushClientError } from '../../src/client/index.js';

const config = { backend: 'test', channels: ['mine'] };
const message = { channel: 'mine', event: 'greeted', data: { text: 'hello' } };

afterEach(() => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

describe('binding', () => {
  it('hands the data and the message to the listeners of the event, and to no other', () => {
    const client = new PushClient(config);
    const listener = vi.fn();
    client.bind('greeted', listener);
    client.receiveMessage(message);
    client.receiveMessage({ ...message, event: 'left' });
    expect(listener.mock.calls).toEqual([[{ text: 'hello' }, message]]);
  });

  it('calls listeners in the order in which they were bound, those for all events among them', () => {
    const client = new PushClient(config);
    const order: string[] = [];
    client.bind('greeted', () => order.push('first'));
    client.bindAll(() => order.push('second'));
    client.bind('greeted', () => order.push('third'));
    client.receiveMessage(message);
    expect(order).toEqual(['first', 'second', 'third']);
  });

  it('calls a listener that is bound twice twice, and removes one binding at a time with the returned function', () => {
    const client = new PushClient(config);
    const listener = vi.fn();
    const removeFirst = client.bind('greeted', listener);
    client.bind('greeted', listener);
    client.receiveMessage(message);
    expect(listener).toHaveBeenCalledTimes(2);
    removeFirst();
    removeFirst();
    client.receiveMessage(message);
    expect(listener).toHaveBeenCalledTimes(3);
  });

  it('goes on to the next listener when one throws, and throws its error from a task of its own', () => {
    const tasks: (() => void)[] = [];
    vi.stubGlobal('queueMicrotask', (task: () => void) => tasks.push(task));
    const client = new PushClient(config);
    const next = vi.fn();
    client.bind('greeted', () => {
      throw new Error('listener failed');
    });
    client.bind('greeted', next);
    client.receiveMessage(message);
    expect(next).toHaveBeenCalledTimes(1);
    expect(tasks).toHaveLength(1);
    expect(tasks[0]).toThrow('listener failed');
  });

  it('does not call a listener that an earlier one removed, nor one that it added, for the same message', () => {
    const client = new PushClient(config);
    const removed = vi.fn();
    const added = vi.fn();
    client.bind('greeted', () => {
      remove();
      client.bind('greeted', added);
    });
    const remove = client.bind('greeted', removed);
    client.receiveMessage(message);
    expect(removed).not.toHaveBeenCalled();
    expect(added).not.toHaveBeenCalled();
  });

  it('keeps protocol events from listeners for all events, and hands them to those bound by name', () => {
    const client = new PushClient(config);
    const all = vi.fn();
    const named = vi.fn();
    client.bindAll(all);
    client.bind('pusher:member_added', named);
    client.receiveMessage({ channel: 'presence-room', event: 'pusher:member_added', data: { id: '7' } });
    client.receiveMessage({ channel: 'mine', event: 'pushers', data: 1 });
    expect(named).toHaveBeenCalledTimes(1);
    expect(all.mock.calls.map(([data]) => data)).toEqual([1]);
  });

  it.each([[/order/], [undefined], [null], [7], [['greeted']]])(
    'refuses the event %s, which none would have',
    (event) => {
      const client = new PushClient(config);
      const channel = client.channel('mine');
      const text = `An event must be a string, not ${typeof event}.`;
      for (const target of [client, channel])
        expect(() => target.bind(event as never, () => {})).toThrow(new TypeError(text));
      if (event === undefined) return;
      for (const target of [client, channel]) expect(() => target.unbind(event as never)).toThrow(new TypeError(text));
    },
  );

  it('refuses a listener that is not a function', () => {
    const client = new PushClient(config);
    expect(() => client.bind('greeted', undefined as never)).toThrow(
      new TypeError('A listener must be a function, not undefined.'),
    );
    expect(() => client.onError(3 as never)).toThrow(TypeError);
  });

  it('types the data of each event when told its shape', () => {
    interface Events {
      greeted: { text: string };
      counted: number;
    }
    const client = new PushClient<Events>(config);
    const texts: string[] = [];
    client.bind('greeted', (data) => texts.push(data.text.toUpperCase()));
    client.bind('counted', (data) => texts.push(data.toFixed(1)));
    // @ts-expect-error: no such event
    client.bind('greted', () => {});
    client.receiveMessage(message);
    expect(texts).toEqual(['HELLO']);
  });
});

describe('unbind', () => {
  function bound(): { client: PushClient; a: () => void; received(): string[] } {
    const client = new PushClient(config);
    let calls: string[] = [];
    const a = (): void => void calls.push('a');
    client.bind('greeted', a);
    client.bind('greeted', () => calls.push('b'));
    client.bind('left', a);
    client.bindAll(() => calls.push('all'));
    const received = (): string[] => {
      calls = [];
      client.receiveMessage(message);
      client.receiveMessage({ ...message, event: 'left' });
      return calls;
    };
    return { client, a, received };
  }

  it('removes one listener of one event and leaves all others', () => {
    const { client, a, received } = bound();
    client.unbind('greeted', a);
    expect(received()).toEqual(['b', 'all', 'a', 'all']);
  });

  it('removes all listeners of an event', () => {
    const { client, received } = bound();
    client.unbind('greeted');
    expect(received()).toEqual(['all', 'a', 'all']);
  });

  it('removes one listener wherever it is bound', () => {
    const { client, a, received } = bound();
    client.unbind(undefined, a);
    expect(received()).toEqual(['b', 'all', 'all']);
  });

  it('removes everything when nothing is named, and ignores what is not bound', () => {
    const { client, received } = bound();
    client.unbind('never', () => {});
    expect(received()).toEqual(['a', 'b', 'all', 'a', 'all']);
    client.unbind();
    expect(received()).toEqual([]);
  });
});

describe('a notification beside the data', () => {
  const notification = { title: 'Shipped', body: 'Order 42' };

  it('is found under the key "notification", and the data stays as it is', () => {
    const client = new PushClient(config);
    const listener = vi.fn();
    client.bind('shipped', listener);
    const data = { orderId: 42, notification };
    client.receiveMessage({ channel: 'mine', event: 'shipped', data });
    expect(listener.mock.calls).toEqual([[data, { channel: 'mine', event: 'shipped', data, notification }]]);
  });

  it.each([null, 'notification', ['notification'], { notification: 'soon' }, { notification: { url: 'no text' } }])(
    'is not made up from %j',
    (data) => {
      const client = new PushClient(config);
      const listener = vi.fn();
      client.bindAll(listener);
      client.receiveMessage({ channel: 'mine', event: 'shipped', data });
      expect(listener.mock.calls).toEqual([[data, { channel: 'mine', event: 'shipped', data }]]);
    },
  );
});

describe('the configuration', () => {
  it.each([undefined, null, {}, { backend: 'websocket' }, { channels: [] }, 'websocket'])(
    'is refused when it is %j',
    (wrong) => {
      expect(() => new PushClient(wrong as never)).toThrow(PushClientError);
      expect(() => new PushClient(wrong as never)).toThrow(/what PushService\.clientConfig\(\) returned/);
    },
  );

  it('with a backend that has no driver is refused at connect(), which names the ways out', () => {
    const client = new PushClient({ backend: 'constructor', channels: [] });
    expect(() => client.connect()).toThrow(
      'no driver for the backend "constructor", only for websocket, remote, pusher, pubnub, onesignal, console: ' +
        'override subscribe() and unsubscribe() in a subclass, or pass { driver }',
    );
    expect(client.state).toBe('initialized');
  });

  it.each(['', undefined, 7])('asks for the name of a channel that is not %j', (channel) => {
    expect(() => new PushClient(config).subscribe(channel as never)).toThrow(TypeError);
  });
});

describe('a static call where no script client.js stands', () => {
  const calls: readonly [call: string, make: () => unknown][] = [
    ['bind()', () => PushClient.bind('greeted', () => {})],
    ['unbind()', () => PushClient.unbind('greeted')],
    ['subscribe()', () => PushClient.subscribe('news')],
    ['unsubscribe()', () => PushClient.unsubscribe('news')],
    ['receiveMessage()', () => PushClient.receiveMessage({ event: 'greeted' })],
    ['configure()', () => PushClient.configure()],
    ['ready', () => PushClient.ready],
    ['subscribe', () => Object.assign(PushClient, { subscribe: () => {} })],
    ['unsubscribe', () => Object.assign(PushClient, { unsubscribe: () => {} })],
  ];

  it.each(calls)('PushClient.%s says what to do', (call, make) => {
    let failure: unknown;
    try {
      make();
    } catch (error) {
      failure = error;
    }
    expect(failure).toBeInstanceOf(PushClientError);
    expect(failure).toMatchObject({
      code: 'CONFIGURATION',
      message:
        `PushClient.${call} needs the page's default client, which <script src="/push/client.js"> makes. ` +
        'Without that script, make a client: new PushClient(config).',
    });
  });

  it('is Function.prototype.bind for anything but a text and a function, of a subclass too', () => {
    class Own extends PushClient {}
    const bind = Own.bind as (thisArgument: unknown, ...given: unknown[]) => new () => PushClient;
    expect(new (bind.call(Own, null, config))()).toBeInstanceOf(Own);
    expect(typeof PushClient.bind('greeted' as never)).toBe('function');
  });
});
