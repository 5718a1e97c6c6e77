import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { Places } from '../../src/core/places.js';
import { createPushHandler } from '../../src/http/index.js';
import { type Binding, SessionBinding } from '../../src/http/session-binding.js';
import {
  ConfigurationError,
  createPushService,
  memorySessions,
  type PushService,
  type PushUser,
  redisSessions,
  type SessionStore,
} from '../../src/index.js';
import { FreezableProxy } from '../support/freezable-proxy.js';
import { RecordingBackend } from '../support/recording-backend.js';
import { RecordingLogger } from '../support/recording-logger.js';
import { findRedis } from '../support/redis.js';
import { withRedis } from '../support/with-redis.js';
import { Application } from './support/application.js';

const REQUESTS = 2000;

/** Sessions that count the calls which were made of them, and those that have not ended. */
type Counted<User> = SessionStore<User> & { readonly calls: { made: number; open: number; most: number } };

function counted<User>(sessions: SessionStore<User>): Counted<User> {
  const calls = { made: 0, open: 0, most: 0 };
  const count = <Result>(call: Promise<Result>): Promise<Result> => {
    calls.made++;
    calls.most = Math.max(calls.most, ++calls.open);
    return call.finally(() => calls.open--);
  };
  return {
    ...sessions,
    calls,
    channelsFor: (users) => count(sessions.channelsFor(users)),
    add: (...parameters) => count(sessions.add(...parameters)),
    remove: (...parameters) => count(sessions.remove(...parameters)),
  };
}

/** How often each status was answered. */
function statuses(answers: readonly { readonly status: number }[]): Record<number, number> {
  const counts: Record<number, number> = {};
  for (const { status } of answers) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
}

function serviceWith(sessions: SessionStore, timeout: number, logger: RecordingLogger): PushService {
  const push = createPushService({ backend: new RecordingBackend(), sessions, timeout, logger });
  onTestFinished(() => push.close());
  return push;
}

function config(): Request {
  return new Request('https://shop.example/push/config');
}

function reasons({ entries }: RecordingLogger): unknown[] {
  return entries.map(({ level, text, details }) => [level, (details as { err?: Error }).err?.message ?? text]);
}

await withRedis('while Redis is frozen', findRedis, ({ port: redisPort }) => {
  async function frozenSessions(): Promise<Counted<PushUser> & { freeze(): void; thaw(): void }> {
    const { proxy, port } = await FreezableProxy.start(redisPort);
    const client = new Redis({ host: '127.0.0.1', port });
    const prefix = `test-${randomUUID()}:`;
    onTestFinished(async () => {
      proxy.thaw();
      await client.del(`${prefix}sessions:ann`);
      client.disconnect();
      proxy.close();
    });
    const sessions = counted(redisSessions(client, { prefix }));
    await sessions.add('ann', 'private-ann');
    return { ...sessions, freeze: () => proxy.freeze(), thaw: () => proxy.thaw() };
  }

  it('the push handler answers some requests late and all others at once, in few log lines, and recovers', async () => {
    const sessions = await frozenSessions();
    const logger = new RecordingLogger();
    const push = serviceWith(sessions, 1000, logger);
    const handler = createPushHandler(push, { authenticate: () => 'ann', maxRequests: 100 });
    expect((await handler(config())).status).toBe(200);
    sessions.freeze();
    const answers = await Promise.all(Array.from({ length: REQUESTS }, () => handler(config())));
    expect(statuses(answers)).toEqual({ 503: REQUESTS - 100, 504: 100 });
    const turnedAway = answers.find(({ status }) => status === 503);
    expect(turnedAway?.headers.get('retry-after')).toBe('5');
    expect(await turnedAway?.json()).toEqual({
      error: 'Too many requests are waiting for an answer: ask again later.',
    });
    expect(sessions.calls).toMatchObject({ open: 100, most: 100 });
    expect(reasons(logger)).toEqual([
      ['warn', expect.stringMatching(/^requests to the push handler were turned away: /)],
      ['error', expect.stringMatching(/^The session adapter did not answer within 1000 ms: /)],
    ]);
    sessions.thaw();
    await expect.poll(() => sessions.calls.open).toBe(0);
    const after = await handler(config());
    expect([after.status, await after.json()]).toMatchObject([200, { channels: ['private-ann'] }]);
  });

  it('calls that were given up are limited too, however long it lasts', async () => {
    const sessions = await frozenSessions();
    const logger = new RecordingLogger();
    const push = serviceWith(sessions, 20, logger);
    const handler = createPushHandler(push, { authenticate: () => 'ann', maxRequests: 250 });
    sessions.freeze();
    for (let round = 0; round < 8; round++) {
      const answers = await Promise.all(Array.from({ length: REQUESTS / 8 }, () => handler(config())));
      expect(statuses(answers)).toEqual({ 504: REQUESTS / 8 });
    }
    await expect(push.send({ users: 'ann', data: 1 })).rejects.toThrow(
      'The session adapter did not answer 1000 times, and is not asked again before it does: nothing was sent.',
    );
    expect(sessions.calls.open).toBe(1000);
    expect(logger.entries).toHaveLength(2);
    sessions.thaw();
    await expect.poll(async () => (await handler(config())).status).toBe(200);
    expect(sessions.calls.open).toBe(0);
  });

  it('pushSession lets pages through, leaves out renewals, and goes on with them later', async () => {
    const sessions = await frozenSessions();
    const logger = new RecordingLogger();
    const service = serviceWith(sessions, 1000, logger);
    await using application = await new Application({ service, timeout: 60_000 }).start();
    const browser = application.browser();
    await browser.logIn('ann');
    sessions.freeze();
    const pages: string[] = [];
    while (pages.length < REQUESTS)
      pages.push(...(await Promise.all(Array.from({ length: 100 }, () => browser.get('/page')))));
    expect(new Set(pages)).toEqual(new Set(['hello']));
    expect(sessions.calls).toMatchObject({ open: 1000, most: 1000 });
    expect(reasons(logger)).toEqual([
      ['warn', 'sessions were not renewed, because so many renewals are waiting for the session adapter'],
    ]);
    sessions.thaw();
    await expect.poll(() => sessions.calls.open).toBe(0);
    const { made } = sessions.calls;
    await browser.get('/page');
    await expect.poll(() => sessions.calls).toMatchObject({ made: made + 1, open: 0 });
  }, 30_000);
});

it('pushSession asks an adapter no more that never answers, so a log-out does not wait for it', async () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const logger = new RecordingLogger();
  const store = counted<unknown>({ ...memorySessions<unknown>(), add: () => new Promise(() => {}) });
  const renewals = new Places(1000);
  const context = { store, timeout: 1000, logger, renewals };
  const bound = (channelId: string): Binding => ({ session: { channelId, userId: 'ann' }, user: 'ann', ttl: 1000 });
  for (let request = 0; request < 1000; request++)
    new SessionBinding(context, undefined).replace(bound(`session-${request}`));
  await vi.advanceTimersByTimeAsync(1000);
  expect([store.calls.open, logger.entries.length]).toEqual([1000, 1000]);
  const logOut = new SessionBinding(context, bound('session-1'));
  logOut.replace(undefined);
  await logOut.pending;
  expect([store.calls.made, reasons(logger).at(-1)]).toEqual([
    1000,
    ['error', 'The session adapter did not answer 1000 times, and is not asked again before it does.'],
  ]);
});

describe('the option maxRequests', () => {
  it.each([0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, '100'])('is refused as %j', (maxRequests) => {
    const push = serviceWith(memorySessions(), 1000, new RecordingLogger());
    expect(() => createPushHandler(push, { maxRequests: maxRequests as number })).toThrow(
      new ConfigurationError('createPushHandler(): "maxRequests" must be a whole number of requests, 1 or more.'),
    );
  });

  it('counts no request whose body is still to come', async () => {
    const push = serviceWith(memorySessions(), 1000, new RecordingLogger());
    const handler = createPushHandler(push, { maxRequests: 1 });
    const headers = { 'content-type': 'application/json' };
    let end = (): void => {};
    const body = new ReadableStream({
      start: (controller) => {
        end = () => controller.error(new Error('gone'));
      },
    });
    const init = { method: 'POST', headers, body, duplex: 'half' };
    const slow = handler(new Request('https://shop.example/push/auth', init as RequestInit));
    expect((await handler(config())).status).toBe(200);
    end();
    expect((await slow).status).toBe(400);
  });
});
