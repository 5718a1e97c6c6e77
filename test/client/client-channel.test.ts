import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { type ClientDriver, type ClientDriverHost, PushClient, PushClientError } from '../../src/client/index.js';

/** A client whose driver notes what it is asked, and says nothing by itself. */
function open(channels: readonly string[] = []) {
  const calls: string[] = [];
  const driver: ClientDriver = {
    socketId: '1.1',
    connect: () => {},
    disconnect: () => {},
    subscribe: (channel) => void calls.push(`subscribe ${channel}`),
    unsubscribe: (channel) => void calls.push(`unsubscribe ${channel}`),
  };
  const hosts: ClientDriverHost[] = [];
  const client = new PushClient(
    { backend: 'test', channels },
    {
      driver: (host) => {
        hosts.push(host);
        return driver;
      },
    },
  );
  client.connect();
  client.receiveState('connected');
  calls.length = 0;
  return { client, calls, driver };
}

/** Lets the current task end. */
async function endOfTask(): Promise<void> {
  await Promise.resolve();
}

const message = { channel: 'orders', event: 'shipped', data: { orderId: 42 } };

describe('a channel handle', () => {
  it('subscribes with its first listener, and hears its own channel alone', () => {
    const { client, calls } = open(['mine']);
    const orders = client.channel('orders');
    expect(calls).toEqual([]);
    const listener = vi.fn();
    const all = vi.fn();
    orders.bind('shipped', listener);
    orders.bindAll(all);
    expect(calls).toEqual(['subscribe orders']);
    client.receiveMessage(message);
    client.receiveMessage({ ...message, event: 'paid' });
    client.receiveMessage({ ...message, channel: 'mine' });
    expect(listener.mock.calls).toEqual([[{ orderId: 42 }, message]]);
    expect(all.mock.calls.map(([, { event }]) => event)).toEqual(['shipped', 'paid']);
  });

  it('is called in the order in which listeners were bound, with those of the client', () => {
    const { client } = open();
    const order: string[] = [];
    client.bind('shipped', () => order.push('client'));
    client.channel('orders').bind('shipped', () => order.push('channel'));
    client.bindAll(() => order.push('client, all'));
    client.receiveMessage(message);
    expect(order).toEqual(['client', 'channel', 'client, all']);
  });

  it('leaves the channel with the last listener of all handles, and not before', async () => {
    const { client, calls } = open();
    const [first, second] = [client.channel('orders'), client.channel('orders')];
    const removers = [first.bind('shipped', vi.fn()), first.onSubscribed(vi.fn()), second.onMembersChange(vi.fn())];
    const removeLast = second.bindAll(vi.fn());
    for (const remove of removers) {
      remove();
      remove();
    }
    await endOfTask();
    expect(calls).toEqual(['subscribe orders']);
    removeLast();
    await endOfTask();
    expect(calls).toEqual(['subscribe orders', 'unsubscribe orders']);
    first.bind('shipped', vi.fn());
    expect(calls).toEqual(['subscribe orders', 'unsubscribe orders', 'subscribe orders']);
  });

  it('stays when another listener is bound in the same task', async () => {
    const { client, calls } = open();
    const remove = client.channel('orders').bind('shipped', vi.fn());
    calls.length = 0;
    remove();
    client.channel('orders').bind('shipped', vi.fn());
    await endOfTask();
    expect(calls.filter((call) => call.startsWith('unsubscribe'))).toEqual([]);
  });

  it('does not leave a channel of the configuration, nor one that was asked for by name', async () => {
    const { client, calls } = open(['mine']);
    client.subscribe('news');
    for (const name of ['mine', 'news']) client.channel(name).bind('shipped', vi.fn())();
    await endOfTask();
    expect(calls).toEqual(['subscribe news']);
  });

  it('removes one binding at a time, and with unbind() its own alone', () => {
    const { client } = open();
    const [first, second] = [client.channel('orders'), client.channel('orders')];
    const listener = vi.fn();
    const removeOne = first.bind('shipped', listener);
    first.bind('shipped', listener);
    second.bind('shipped', listener);
    removeOne();
    client.receiveMessage(message);
    expect(listener).toHaveBeenCalledTimes(2);
    client.unbind();
    first.unbind('shipped', listener);
    client.receiveMessage(message);
    expect(listener).toHaveBeenCalledTimes(3);
    second.unbind();
    client.receiveMessage(message);
    expect(listener).toHaveBeenCalledTimes(3);
  });

  it('is subscribed to at connect() when it was bound before, and left when it was unbound before', async () => {
    const calls: string[] = [];
    const client = new PushClient(
      { backend: 'test', channels: ['mine'] },
      {
        driver: () => ({
          socketId: undefined,
          connect: () => {},
          disconnect: () => {},
          subscribe: (channel) => void calls.push(channel),
          unsubscribe: () => {},
        }),
      },
    );
    client.channel('orders').bind('shipped', vi.fn());
    client.channel('news').bind('shipped', vi.fn())();
    await endOfTask();
    client.connect();
    expect(calls).toEqual(['mine', 'orders']);
    client.disconnect();
    client.connect();
    expect(calls).toEqual(['mine', 'orders', 'mine', 'orders']);
  });

  it('hears nothing more after client.unsubscribe(), until somebody binds again', async () => {
    const { client, calls } = open();
    const orders = client.channel('orders');
    const remove = orders.bind('shipped', vi.fn());
    client.unsubscribe('orders');
    orders.bind('paid', vi.fn());
    expect(calls).toEqual(['subscribe orders', 'unsubscribe orders', 'subscribe orders']);
    remove();
    await endOfTask();
    expect(calls).toHaveLength(3);
  });

  it('uses the transport of a subclass, which is left as well', async () => {
    const calls: string[] = [];
    class Own extends PushClient {
      override subscribe(channel: string): void {
        calls.push(`subscribe ${channel}`);
      }
      override unsubscribe(channel: string): void {
        calls.push(`unsubscribe ${channel}`);
      }
    }
    const client = new Own({ backend: 'MyService', channels: [] });
    client.connect();
    const remove = client.channel('orders').bind('shipped', vi.fn());
    remove();
    await endOfTask();
    expect(calls).toEqual(['subscribe orders', 'unsubscribe orders']);
    expect(() => client.channel('orders').trigger('client-typing', 1)).toThrow(PushClientError);
  });

  it.each(['', undefined, 7])('cannot be for %j', (name) => {
    expect(() => open().client.channel(name as never)).toThrow(TypeError);
  });

  it('subscribes to nothing for a listener that is none', () => {
    const { client, calls } = open();
    const orders = client.channel('orders');
    for (const wrong of [
      () => orders.bind('x', undefined as never),
      () => orders.bindAll('x' as never),
      () => orders.onSubscribed(7 as never),
      () => orders.onMembersChange(null as never),
    ])
      expect(wrong).toThrow(/A listener must be a function, not /);
    expect(calls).toEqual([]);
  });
});

describe('a confirmed subscription', () => {
  it('is told to the client and to its own handle, and whether it is there again', async () => {
    const { client } = open(['mine']);
    const told: unknown[] = [];
    client.onSubscribed((subscription) => told.push(subscription));
    const own = vi.fn();
    const orders = client.channel('orders');
    const remove = orders.onSubscribed(own);
    client.receiveSubscription('mine');
    client.receiveSubscription('orders');
    expect(orders.isSubscribed).toBe(true);
    client.receiveState('connecting');
    expect(orders.isSubscribed).toBe(false);
    client.receiveState('connected');
    client.receiveSubscription('orders');
    expect(told).toEqual([
      { channel: 'mine', isResubscription: false },
      { channel: 'orders', isResubscription: false },
      { channel: 'orders', isResubscription: true },
    ]);
    expect(own.mock.calls.map(([{ isResubscription }]) => isResubscription)).toEqual([false, true]);
    remove();
    await endOfTask();
    client.receiveSubscription('orders');
    expect(told.at(-1)).toEqual({ channel: 'orders', isResubscription: false });
    expect(own).toHaveBeenCalledTimes(2);
  });

  it('that fails is told to the handles of its channel, which remember why until it is confirmed or left', () => {
    const { client } = open();
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => {});
    onTestFinished(() => warn.mockRestore());
    const [orders, room] = [client.channel('private-orders'), client.channel('presence-room')];
    const heard: PushClientError[] = [];
    const remove = orders.onError((error) => heard.push(error));
    room.onMembersChange(() => {});
    const failure = (channel: string, isTemporary: boolean): PushClientError =>
      new PushClientError('It is not yours.', 'SUBSCRIPTION', { channel, isTemporary });
    const refusals = [failure('private-orders', true), failure('private-orders', false)];
    client.receiveMembers('presence-room', new Map([['ann', {}]]));
    for (const error of [...refusals, failure('presence-room', true)]) client.receiveError(error);
    expect(heard).toEqual(refusals);
    expect(client.channel('private-orders').error).toBe(refusals[1]);
    expect(room.members.size).toBe(1);
    client.receiveError(failure('presence-room', false));
    expect(room.members.size).toBe(0);
    // The page itself has not been told.
    expect(warn).toHaveBeenCalledTimes(4);
    client.receiveSubscription('private-orders');
    expect(orders.error).toBeUndefined();
    client.receiveError(failure('private-orders', false));
    client.unsubscribe('private-orders');
    expect(orders.error).toBeUndefined();
    remove();
    client.receiveError(failure('private-orders', false));
    expect(heard).toHaveLength(3);
  });

  it('is none any more when the server refuses to restore it', () => {
    const { client } = open(['room']);
    client.onError(() => {});
    const room = client.channel('room');
    client.receiveMembers('room', new Map([['ann', {}]]));
    client.receiveSubscription('room');
    client.receiveError(new PushClientError('no', 'SUBSCRIPTION', { channel: 'room' }));
    expect([room.isSubscribed, room.members.size]).toEqual([false, 0]);
  });
});

describe('the members of a presence channel', () => {
  it('are told with who has come and gone', () => {
    const { client } = open();
    const room = client.channel('presence-room');
    const told: unknown[] = [];
    room.onMembersChange((members, change) => told.push([[...members], change]));
    expect(room.members.size).toBe(0);
    client.receiveMembers('presence-room', new Map([['ann', { name: 'Ann' }]]));
    client.receiveMembers(
      'presence-room',
      new Map([
        ['ann', { name: 'Ann' }],
        ['ben', null],
      ]),
    );
    client.receiveMembers('presence-other', new Map([['zoe', null]]));
    client.receiveMembers('presence-room', new Map([['ben', null]]));
    expect(told).toEqual([
      [[['ann', { name: 'Ann' }]], { joined: ['ann'], left: [] }],
      [
        [
          ['ann', { name: 'Ann' }],
          ['ben', null],
        ],
        { joined: ['ben'], left: [] },
      ],
      [[['ben', null]], { joined: [], left: ['ann'] }],
    ]);
  });

  it('are remembered while the connection is lost, and forgotten when the channel is left', () => {
    const { client } = open(['presence-room']);
    const room = client.channel('presence-room');
    client.receiveMembers('presence-room', new Map([['ann', null]]));
    client.receiveState('connecting');
    expect([...room.members.keys()]).toEqual(['ann']);
    client.unsubscribe('presence-room');
    expect([...room.members.keys()]).toEqual([]);
  });
});

describe('trigger', () => {
  it('hands the event to the driver, and tells whether it was sent', () => {
    const { client, driver } = open();
    const trigger = vi.fn(() => true);
    driver.trigger = trigger;
    expect(client.channel('presence-room').trigger('client-typing', { isTyping: true })).toBe(true);
    expect(client.channel('presence-room').trigger('client-ping')).toBe(true);
    expect(trigger.mock.calls).toEqual([
      ['presence-room', 'client-typing', { isTyping: true }],
      ['presence-room', 'client-ping', null],
    ]);
  });

  it('says where clients cannot send, and that nothing is sent before connect()', () => {
    const { client } = open();
    expect(() => client.channel('orders').trigger('client-typing', 1)).toThrow(
      expect.objectContaining({ name: 'PushClientError', code: 'UNSUPPORTED_OPERATION', channel: 'orders' }),
    );
    const idle = new PushClient({ backend: 'websocket', channels: [] });
    onTestFinished(() => idle.disconnect());
    expect(idle.channel('orders').trigger('client-typing', 1)).toBe(false);
  });
});
