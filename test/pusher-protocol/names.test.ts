import { expect, it } from 'vitest';
import {
  channelName,
  eventName,
  isCache,
  isEncrypted,
  isPresence,
  isPrivate,
  isSocketId,
  isUserId,
  keepsTo,
  userOfChannel,
} from '../../src/pusher-protocol/names.js';

it.each(['a', 'Az09_-=@,.;', 'private-a', 'x'.repeat(164), '#server-to-user-auth0|5'])(
  '%j is a channel name',
  (name) => {
    expect(keepsTo(channelName, name)).toBe(true);
  },
);

it.each(['', ' ', 'a b', 'ü', 'a/b', '#a', '#server-to-user-', '#server-to-user-a\nb', 'a\n', 'x'.repeat(165)])(
  '%j is no channel name',
  (name) => {
    expect(keepsTo(channelName, name)).toBe(false);
  },
);

it("an event name is anything but control characters and the protocol's own events", () => {
  expect(
    ['order.shipped', 'App\\Events\\X', '世界 👋', 'x'.repeat(200), 'pusher', 'my-pusher:x', 'client-pusher:x'].every(
      (name) => keepsTo(eventName, name),
    ),
  ).toBe(true);
  expect(
    ['', 'a\u0000', 'a\nb', 'x'.repeat(201), 'pusher:x', 'pusher:', 'pusher_internal:x'].some((name) =>
      keepsTo(eventName, name),
    ),
  ).toBe(false);
});

it('the prefix says what a channel is', () => {
  const kinds = (name: string): boolean[] => [isPrivate(name), isPresence(name), isEncrypted(name), isCache(name)];
  expect(kinds('a')).toEqual([false, false, false, false]);
  expect(kinds('private-a')).toEqual([true, false, false, false]);
  expect(kinds('private-encrypted-a')).toEqual([true, false, true, false]);
  expect(kinds('presence-a')).toEqual([true, true, false, false]);
  expect(kinds('cache-a')).toEqual([false, false, false, true]);
  expect(kinds('private-cache-a')).toEqual([true, false, false, true]);
  expect(kinds('private-encrypted-cache-a')).toEqual([true, false, true, true]);
  expect(kinds('presence-cache-a')).toEqual([true, true, false, true]);
  expect(kinds('my-private-cache-a')).toEqual([false, false, false, false]);
});

it('a user channel names its user', () => {
  expect([userOfChannel('#server-to-user-5'), userOfChannel('server-to-user-5')]).toEqual(['5', undefined]);
});

it('user ids and socket ids are told from other texts', () => {
  expect([isUserId('1'), isUserId('x'.repeat(128)), isUserId('x'.repeat(129)), isUserId(''), isUserId(5)]).toEqual([
    true,
    true,
    false,
    false,
    false,
  ]);
  expect([isSocketId('1.2'), isSocketId('1'), isSocketId('1.2:a'), isSocketId('1.2\n'), isSocketId('')]).toEqual([
    true,
    false,
    false,
    false,
    false,
  ]);
});
