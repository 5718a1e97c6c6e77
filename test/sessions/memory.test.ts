import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { memorySessions, ValidationError } from '../../src/index.js';
import { failureOf } from '../support/failure-of.js';

describe('a session', () => {
  test('has the channel that it is given, or one that cannot be guessed', async () => {
    const sessions = memorySessions();
    expect(await sessions.add('ann', 'phone')).toEqual({
      channelId: 'phone',
      userId: 'ann',
      expiresAt: Number.POSITIVE_INFINITY,
    });
    const ids = await Promise.all(Array.from({ length: 500 }, async () => (await sessions.add('ann')).channelId));
    expect(new Set(ids).size).toBe(500);
    for (const id of ids) expect(id).toMatch(/^[A-Za-z0-9_-]{24}$/);
  });

  test('is one of several that a user may have', async () => {
    const sessions = memorySessions();
    await sessions.add('ann', 'phone');
    await sessions.add('ann', 'desk');
    await sessions.add('zoe', 'phone');
    await sessions.add('ann', 'phone');
    expect(await sessions.channelsFor(['zoe', 'nobody', 'ann', 'ann'])).toEqual([
      ['phone'],
      [],
      ['phone', 'desk'],
      ['phone', 'desk'],
    ]);
  });

  test('may be removed alone or with all others of the user', async () => {
    const sessions = memorySessions();
    for (const channel of ['phone', 'desk', 'watch']) await sessions.add('ann', channel);
    await sessions.add('zoe', 'phone');
    await sessions.remove('ann', 'desk');
    await sessions.remove('ann', 'unknown');
    await sessions.remove('nobody', 'phone');
    expect(await sessions.channelsFor(['ann', 'zoe'])).toEqual([['phone', 'watch'], ['phone']]);
    await sessions.remove('ann');
    await sessions.remove('ann');
    expect(await sessions.channelsFor(['ann', 'zoe'])).toEqual([[], ['phone']]);
  });

  test('cannot be changed through the list that was handed out', async () => {
    const sessions = memorySessions();
    await sessions.add('ann', 'phone');
    const [channels] = await sessions.channelsFor(['ann']);
    (channels as string[]).push('spy');
    expect(await sessions.channelsFor(['ann'])).toEqual([['phone']]);
  });
});

describe('users', () => {
  test('are told apart by their id as text: 42, "42", 42n and { id: 42 } are one', async () => {
    const sessions = memorySessions();
    await sessions.add(42, 'a');
    await sessions.add('42', 'b');
    await sessions.add(42n, 'c');
    await sessions.add({ id: 42 }, 'd');
    for (const user of [42, '42', 42n, { id: '42' }])
      expect(await sessions.channelsFor([user])).toEqual([['a', 'b', 'c', 'd']]);
  });

  test.each(['__proto__', 'constructor', 'toString'])('may be called %s', async (user) => {
    const sessions = memorySessions();
    expect(await sessions.channelsFor([user])).toEqual([[]]);
    await sessions.add(user, 'a');
    expect(await sessions.channelsFor([user])).toEqual([['a']]);
  });

  test('may be of any kind with identify', async () => {
    const sessions = memorySessions<{ email: string }>({ identify: ({ email }) => email.toLowerCase() });
    await sessions.add({ email: 'Ann@example.com' }, 'a');
    expect(await sessions.channelsFor([{ email: 'ann@example.com' }])).toEqual([['a']]);
  });

  test('without an id are refused by every method', async () => {
    const sessions = memorySessions();
    const nobody = {} as { id: string };
    for (const call of [
      () => sessions.channelsFor([nobody]),
      () => sessions.add(nobody),
      () => sessions.remove(nobody),
      () => sessions.touch(nobody, 'a'),
    ]) {
      expect((await failureOf(ValidationError, call)).message).toContain('not an object without "id"');
    }
  });
});

describe('expiry', () => {
  beforeEach(() => {
    vi.useFakeTimers({ now: 1_000_000 });
  });

  afterEach(() => {
    vi.useRealTimers();
  });

  test('ends a session when its time is over, to the millisecond', async () => {
    const sessions = memorySessions({ ttl: 1000 });
    expect(await sessions.add('ann', 'a')).toEqual({ channelId: 'a', userId: 'ann', expiresAt: 1_001_000 });
    vi.advanceTimersByTime(999);
    expect(await sessions.channelsFor(['ann'])).toEqual([['a']]);
    vi.advanceTimersByTime(1);
    expect(await sessions.channelsFor(['ann'])).toEqual([[]]);
  });

  test("is each session's own", async () => {
    const sessions = memorySessions({ ttl: 1000 });
    await sessions.add('ann', 'short', { ttl: 10 });
    await sessions.add('ann', 'usual');
    await sessions.add('ann', 'forever', { ttl: Number.POSITIVE_INFINITY });
    vi.advanceTimersByTime(10);
    expect(await sessions.channelsFor(['ann'])).toEqual([['usual', 'forever']]);
    vi.advanceTimersByTime(9_000_000);
    expect(await sessions.channelsFor(['ann'])).toEqual([['forever']]);
  });

  test('begins anew with touch and with add, and not for a session that is over', async () => {
    const sessions = memorySessions({ ttl: 1000 });
    await sessions.add('ann', 'a');
    await sessions.add('ann', 'b');
    await sessions.add('ann', 'c');
    vi.advanceTimersByTime(600);
    expect(await sessions.touch('ann', 'a')).toBe(true);
    expect(await sessions.touch('ann', 'b', { ttl: 5000 })).toBe(true);
    await sessions.add('ann', 'c', { ttl: 100 });
    vi.advanceTimersByTime(999);
    expect(await sessions.channelsFor(['ann'])).toEqual([['a', 'b']]);
    vi.advanceTimersByTime(1);
    expect(await sessions.channelsFor(['ann'])).toEqual([['b']]);
    expect(await sessions.touch('ann', 'a')).toBe(false);
    expect(await sessions.touch('ann', 'unknown')).toBe(false);
    expect(await sessions.touch('nobody', 'a')).toBe(false);
    expect(await sessions.channelsFor(['ann', 'nobody'])).toEqual([['b'], []]);
  });

  test('never ends a session unless a time is set', async () => {
    const sessions = memorySessions();
    await sessions.add('ann', 'a');
    vi.advanceTimersByTime(10 * 365 * 86_400_000);
    expect(await sessions.channelsFor(['ann'])).toEqual([['a']]);
  });

  test('of a removal comes after a minute: what is renewed then counts as lost', async () => {
    const sessions = memorySessions();
    const renew = (channelId: string) => sessions.add('ann', channelId, { ttl: 1_000_000, unlessRemoved: true });
    await sessions.remove('ann', 'a');
    vi.advanceTimersByTime(59_999);
    expect(await renew('a')).toEqual({ channelId: 'a', userId: 'ann', expiresAt: 0 });
    await sessions.remove('bob');
    vi.advanceTimersByTime(1);
    await renew('a');
    expect(await sessions.channelsFor(['ann'])).toEqual([['a']]);
    vi.advanceTimersByTime(2_000_000);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('takes no notice of a wall clock that is set', async () => {
    const sessions = memorySessions({ ttl: 3_600_000 });
    await sessions.add('ann', 'a');
    for (const hours of [2, -2]) {
      vi.setSystemTime(Date.now() + hours * 3_600_000);
      expect(await sessions.channelsFor(['ann'])).toEqual([['a']]);
      expect(await sessions.touch('ann', 'a')).toBe(true);
    }
    vi.advanceTimersByTime(3_600_000);
    expect(await sessions.channelsFor(['ann'])).toEqual([[]]);
  });

  test.each<[string, (n: number) => string]>([
    ['one user', () => 'ann'],
    ['users who are never asked for', (n) => `visitor-${n}`],
  ])('leaves nothing in memory of %s, without a look-up', async (_whose, userOf) => {
    const forgotten = new Set<string>();
    const { delete: remove } = Map.prototype;
    Map.prototype.delete = function (this: Map<unknown, unknown>, key) {
      if (String(key).startsWith('channel-')) forgotten.add(String(key));
      return remove.call(this, key);
    };
    try {
      const sessions = memorySessions({ ttl: 1000 });
      await sessions.add('ann', 'resident', { ttl: Number.POSITIVE_INFINITY });
      for (let n = 0; n < 100; n++) await sessions.add(userOf(n), `channel-${n}`);
      vi.advanceTimersByTime(60_000);
      expect(forgotten.size).toBe(100);
      expect(vi.getTimerCount()).toBe(0);
      expect(await sessions.channelsFor(['ann', 'visitor-0'])).toEqual([['resident'], []]);
    } finally {
      Map.prototype.delete = remove;
    }
  });
});

describe('what is refused', () => {
  test.each<[unknown, string]>([
    [0, '"ttl" must be a number of milliseconds above 0, not 0.'],
    [-5, '"ttl" must be a number of milliseconds above 0, not -5.'],
    [Number.NaN, '"ttl" must be a number of milliseconds above 0, not NaN.'],
    ['1000', '"ttl" must be a number of milliseconds, not a value of type string.'],
    [{}, '"ttl" must be a number of milliseconds, not a value of type object.'],
  ])('a ttl of %j', async (ttl, words) => {
    const options = { ttl: ttl as number };
    const sessions = memorySessions();
    await sessions.add('ann', 'a');
    for (const call of [
      () => memorySessions(options),
      () => sessions.add('ann', 'b', options),
      () => sessions.touch('ann', 'a', options),
    ]) {
      expect((await failureOf(ValidationError, call)).message).toBe(words);
    }
    expect(await sessions.channelsFor(['ann'])).toEqual([['a']]);
  });

  test.each(['', null, 5])('a channel id that is %j', async (channelId) => {
    expect((await failureOf(ValidationError, memorySessions().add('ann', channelId as string))).message).toBe(
      'A channel id must be a string that is not empty.',
    );
  });
});
