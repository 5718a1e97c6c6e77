import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ChannelCache } from '../../src/server/channel-cache.js';

describe('the cache', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('an event is forgotten when its time is over', () => {
    const cache = new ChannelCache(1000, 10);
    cache.set('a', 'event');
    vi.advanceTimersByTime(999);
    expect(cache.get('a')).toBe('event');
    vi.advanceTimersByTime(1);
    expect(cache.get('a')).toBeUndefined();
    expect(cache.size).toBe(0);
  });

  it.each([2, -2])('a wall clock that jumps by %i hours changes nothing', (hours) => {
    const cache = new ChannelCache(1000, 10);
    cache.set('a', 'event');
    vi.setSystemTime(Date.now() + hours * 3_600_000);
    expect(cache.look('a')).toEqual({ text: 'event', ttlMs: 1000 });
    vi.advanceTimersByTime(1000);
    cache.set('b', 'event');
    expect([cache.size, cache.get('a')]).toEqual([1, undefined]);
  });

  it('the channel that was written longest ago is forgotten first', () => {
    const cache = new ChannelCache(1000, 2);
    cache.set('a', '1');
    cache.set('b', '1');
    cache.set('a', '2');
    cache.set('c', '1');
    expect([cache.get('a'), cache.get('b'), cache.get('c')]).toEqual(['2', undefined, '1']);
  });

  it('events whose time is over do not pile up', () => {
    const cache = new ChannelCache(1000, 1000);
    for (let index = 0; index < 50; index++) cache.set(`old-${index}`, 'event');
    vi.advanceTimersByTime(2000);
    cache.set('new', 'event');
    expect(cache.size).toBe(1);
  });
});
