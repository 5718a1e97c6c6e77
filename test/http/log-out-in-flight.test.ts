import { randomUUID } from 'node:crypto';
import { MemoryStore, type SessionData } from 'express-session';
import { Redis } from 'ioredis';
import { afterEach, expect, onTestFinished, test, vi } from 'vitest';
import {
  createPushService,
  expressSessions,
  memorySessions,
  redisSessions,
  type SessionAdapter,
  type SessionStore,
} from '../../src/index.js';
import { RecordingBackend } from '../support/recording-backend.js';
import { findRedis } from '../support/redis.js';
import { withRedis } from '../support/with-redis.js';
import { Application, type Browser, logOuts } from './support/application.js';

/** A session store whose answer to one read can be held back. */
class HeldStore extends MemoryStore {
  #hold: PromiseWithResolvers<void> | undefined;
  #release: (() => void) | undefined;

  /** Holds back the answer to the next read. The promise resolves when the store was asked. */
  holdNext(): Promise<void> {
    this.#hold = Promise.withResolvers();
    return this.#hold.promise;
  }

  release(): void {
    this.#release?.();
  }

  override get(id: string, callback: (error: unknown, session?: SessionData | null) => void): void {
    const hold = this.#hold;
    this.#hold = undefined;
    super.get(id, (error: unknown, session) => {
      if (hold === undefined) return callback(error, session);
      this.#release = () => callback(error, session);
      hold.resolve();
    });
  }
}

/** What ends the sessions of a user. */
const endings: Readonly<Record<string, (browser: Browser, sessions: SessionStore) => Promise<unknown>>> = {
  ...Object.fromEntries(
    Object.keys(logOuts).map((how) => [`log-out ${how}`, (browser: Browser) => browser.logOut(how)]),
  ),
  'the deletion of a user': (_browser, sessions) => sessions.remove('ann'),
};

/** Ends a session while another request of it reads the store, and returns what the user is bound to afterwards. */
async function boundAfter(
  end: (browser: Browser) => Promise<unknown>,
  sessions: SessionAdapter,
  store: HeldStore = new HeldStore(),
): Promise<readonly string[]> {
  const service = createPushService({ backend: new RecordingBackend(), sessions });
  await using application = await new Application({ service }, { store }).start();
  const browser = application.browser();
  await browser.logIn('ann');
  expect((await sessions.channelsFor(['ann']))[0]).toHaveLength(1);
  const isReading = store.holdNext();
  const headers = { cookie: browser.cookie ?? '' };
  const other = fetch(`http://127.0.0.1:${application.port}/page`, { headers });
  await isReading;
  await end(browser);
  store.release();
  expect(await (await other).text()).toBe('hello');
  return (await sessions.channelsFor(['ann']))[0] ?? [];
}

afterEach(() => void vi.useRealTimers());

test.each(Object.entries(endings))(
  '%s holds when another request is in flight, with memorySessions',
  async (_what, end) => {
    const sessions = memorySessions();
    expect(await boundAfter((browser) => end(browser, sessions), sessions)).toEqual([]);
  },
);

test.each(Object.keys(logOuts))(
  'log-out %s holds when another request is in flight, with expressSessions',
  async (how) => {
    const store = new HeldStore();
    expect(await boundAfter((browser) => browser.logOut(how), expressSessions(store), store)).toEqual([]);
  },
);

await withRedis('redisSessions', findRedis, ({ url }) => {
  function sessionsInRedis(): { readonly sessions: SessionStore; empty(): Promise<unknown> } {
    const redis = new Redis(url);
    const prefix = `test-${randomUUID()}:`;
    const empty = () => redis.del(`${prefix}sessions:ann`);
    onTestFinished(async () => {
      await empty();
      redis.disconnect();
    });
    return { sessions: redisSessions(redis, { prefix }), empty };
  }

  test.each(Object.entries(endings))('%s holds when another request is in flight', async (_what, end) => {
    const { sessions } = sessionsInRedis();
    expect(await boundAfter((browser) => end(browser, sessions), sessions)).toEqual([]);
  });

  test('get their sessions back when Redis was emptied, from the next request of each', async () => {
    const { sessions, empty } = sessionsInRedis();
    const service = createPushService({ backend: new RecordingBackend(), sessions });
    await using application = await new Application({ service }).start();
    const browser = application.browser();
    await browser.logIn('ann');
    const before = await sessions.channelsFor(['ann']);
    await empty();
    expect(await sessions.channelsFor(['ann'])).toEqual([[]]);
    await browser.channels();
    expect(await sessions.channelsFor(['ann'])).toEqual(before);
  });
});

test('a request that runs longer than a removal is remembered renews nothing', async () => {
  const sessions = memorySessions();
  const service = createPushService({ backend: new RecordingBackend(), sessions });
  // The user is not known before the handler has run.
  const user = (request: object): string | undefined => (request as { late?: string }).late;
  await using application = new Application({ service, user });
  const { promise: isRunning, resolve: run } = Promise.withResolvers<void>();
  const { promise: mayEnd, resolve: end } = Promise.withResolvers<void>();
  application.app.get('/late', async (request, response) => {
    if (request.query['slow'] !== undefined) {
      run();
      await mayEnd;
    }
    request.session.userId = 'ann';
    Reflect.set(request, 'late', 'ann');
    response.send('done');
  });
  await application.start();
  const browser = application.browser();
  await browser.get('/late');
  const before = await sessions.channelsFor(['ann']);
  expect(before[0]).toHaveLength(1);
  vi.useFakeTimers({ toFake: ['performance'] });
  const slow = browser.get('/late?slow');
  await isRunning;
  await sessions.remove('ann');
  vi.advanceTimersByTime(600_000);
  end();
  expect(await slow).toBe('done');
  expect(await sessions.channelsFor(['ann'])).toEqual([[]]);
  await browser.get('/late');
  expect(await sessions.channelsFor(['ann'])).toEqual(before);
});
