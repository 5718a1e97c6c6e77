import { beforeEach, describe, expect, it } from 'vitest';
import { AppPublisher } from '../../src/server/app-publisher.js';
import { ChannelCache } from '../../src/server/channel-cache.js';
import {
  type ChannelObserver,
  type ChannelSubscriber,
  LocalChannel,
  type Publication,
} from '../../src/server/local-channel.js';
import { LocalDelivery } from '../../src/server/local-delivery.js';
import { ServerCounters } from '../../src/server/metrics/counters.js';

/** A subscriber that keeps the events it is sent, without the confirmation of its subscription. */
class RecordingSubscriber implements ChannelSubscriber {
  readonly frames: Buffer[] = [];

  send(frame: Buffer): void {
    if (!frame.includes('subscription_succeeded')) this.frames.push(frame);
  }

  get events(): readonly unknown[] {
    return this.frames.map((frame) => JSON.parse(frame.subarray(2).toString()));
  }
}

let channels: Map<string, LocalChannel>;
let connections: Map<string, RecordingSubscriber>;
let cache: ChannelCache;
let received: Publication[];
let local: LocalDelivery;

beforeEach(() => {
  channels = new Map();
  connections = new Map();
  cache = new ChannelCache(1000, 10);
  received = [];
  local = new LocalDelivery({
    channels,
    connections,
    cache,
    heard: new Set(['a', 'private-a']),
    received: (publication) => received.push(publication),
  });
});

function deliver(name: string, exceptSocketId?: string): void {
  local.deliver({ channel: name, event: 'shipped', data: '{}' }, '"{}"', exceptSocketId);
}

function subscriber(socketId: string, ...names: readonly string[]): RecordingSubscriber {
  const connection = new RecordingSubscriber();
  connections.set(socketId, connection);
  for (const name of names) {
    const channel = channels.get(name) ?? new LocalChannel(name);
    channels.set(name, channel);
    channel.add(connection, undefined);
  }
  return connection;
}

describe('local delivery', () => {
  it('sends one frame to all subscribers in this process', () => {
    const [one, two, other] = [subscriber('1.1', 'a'), subscriber('2.2', 'a'), subscriber('3.3', 'b')];
    deliver('a');
    expect(one.events).toEqual([{ event: 'shipped', channel: 'a', data: '{}' }]);
    expect(two.frames[0]).toBe(one.frames[0]);
    expect(other.frames).toEqual([]);
  });

  it('adds the id of a recorded event at the end of its frame, and changes nothing else', () => {
    const one = subscriber('1.1', 'a', 'cache-a');
    const shipped = (channel: string): string => `{"event":"shipped","channel":"${channel}","data":"{}"}`;
    for (const name of ['a', 'cache-a']) {
      local.deliver({ channel: name, event: 'shipped', data: '{}', id: 'id-1' }, '"{}"', undefined);
      local.deliver({ channel: name, event: 'shipped', data: '{}', id: 'id-1' }, '"{}"', undefined, 'id-1');
    }
    expect(one.frames.map((frame) => frame.subarray(2).toString())).toEqual([
      shipped('a'),
      `${shipped('a').slice(0, -1)},"id":"id-1"}`,
      shipped('cache-a'),
      `${shipped('cache-a').slice(0, -1)},"id":"id-1"}`,
    ]);
    expect(cache.get('cache-a')).toBe(shipped('cache-a'));
  });

  it('gives an event that comes from elsewhere to the cache, and to the application that listens', () => {
    deliver('cache-a');
    deliver('a');
    expect(JSON.parse(cache.get('cache-a') ?? '')).toMatchObject({ event: 'shipped', channel: 'cache-a' });
    expect(received).toEqual([{ channel: 'a', event: 'shipped', data: '{}' }]);
  });

  it('leaves out the one subscriber of a channel', () => {
    const one = subscriber('1.1', 'a');
    deliver('a', '1.1');
    expect(one.events).toEqual([]);
    deliver('a');
    expect(one.events).toHaveLength(1);
  });

  it('leaves out a connection of this process, and does not mind one that is elsewhere', () => {
    const [one, two] = [subscriber('1.1', 'a'), subscriber('2.2', 'a')];
    deliver('a', '1.1');
    deliver('a', '9.9');
    expect([one.frames.length, two.frames.length]).toEqual([1, 2]);
  });

  it('knows which channels have a subscriber in this process', () => {
    expect(local.channel('a')).toBeUndefined();
    subscriber('1.1', 'a');
    expect(local.channel('a')?.size).toBe(1);
  });
});

describe('the publisher', () => {
  let observed: unknown[];
  let publisher: AppPublisher;

  beforeEach(() => {
    observed = [];
    const observer: ChannelObserver = {
      joined: () => observed.push('joined'),
      left: () => observed.push('left'),
      clientEvent: (publication, socketId) => observed.push({ ...publication, socketId }),
      cacheMissed: (channel) => observed.push({ missed: channel }),
    };
    publisher = new AppPublisher(local, new ServerCounters(), observer);
  });

  it('sends an event to the subscribers of each channel but the one that is left out', async () => {
    const [one, two] = [subscriber('1.1', 'a', 'b'), subscriber('2.2', 'b')];
    await publisher.publish(['a', 'b'], 'shipped', '{"id":1}', '2.2');
    expect(one.events).toEqual(['a', 'b'].map((channel) => ({ event: 'shipped', channel, data: '{"id":1}' })));
    expect(two.events).toEqual([]);
    expect(observed).toEqual([]);
  });

  it('hands the application the events of channels that it listens to, also without subscribers', async () => {
    await publisher.publish(['a', 'b'], 'shipped', '{}');
    expect(received).toEqual([{ channel: 'a', event: 'shipped', data: '{}' }]);
  });

  it('keeps the last event of a cache channel, also without subscribers', async () => {
    expect(publisher.cachedEvent('cache-a')).toBeUndefined();
    expect(observed).toEqual([{ missed: 'cache-a' }]);
    await publisher.publish(['cache-a', 'a'], 'shipped', '{}');
    expect(JSON.parse(publisher.cachedEvent('cache-a') ?? '')).toMatchObject({ event: 'shipped', channel: 'cache-a' });
    expect(cache.size).toBe(1);
  });

  it('tells once that a cache channel has no event, until it has had one', async () => {
    subscriber('1.1', 'cache-a', 'cache-b');
    for (const name of ['cache-a', 'cache-a', 'cache-b', 'cache-a'])
      expect(publisher.cachedEvent(name)).toBeUndefined();
    expect(observed).toEqual([{ missed: 'cache-a' }, { missed: 'cache-b' }]);
    await publisher.publish(['cache-a'], 'shipped', '{}');
    for (let index = 0; index < 10; index++) cache.set(`cache-${index}`, 'event');
    expect(publisher.cachedEvent('cache-a')).toBeUndefined();
    expect(observed.length).toBe(3);
  });

  it('sends a client event to the other subscribers, the application and the observer', async () => {
    const [sender, other] = [subscriber('1.1', 'private-a'), subscriber('2.2', 'private-a')];
    const event = { channel: 'private-a', event: 'client-typing', data: '{}', userId: 'ann' };
    await publisher.publishClientEvent(event, '1.1');
    expect(sender.events).toEqual([]);
    expect(other.events).toEqual([{ event: 'client-typing', channel: 'private-a', data: '{}', user_id: 'ann' }]);
    expect(received).toEqual([event]);
    expect(observed).toEqual([{ ...event, socketId: '1.1' }]);
  });

  it('does not keep client events in the cache', async () => {
    subscriber('1.1', 'private-cache-a');
    await publisher.publishClientEvent({ channel: 'private-cache-a', event: 'client-typing', data: '{}' }, '1.1');
    expect(cache.size).toBe(0);
  });
});
