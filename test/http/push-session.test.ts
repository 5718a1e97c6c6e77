import { setTimeout } from 'node:timers/promises';
import { MemoryStore } from 'express-session';
import { describe, expect, test } from 'vitest';
import type { PushSessionOptions } from '../../src/http/push-session.js';
import {
  createPushService,
  expressSessions,
  memorySessions,
  type PushService,
  type SessionAdapter,
  type SessionStore,
  userChannels,
} from '../../src/index.js';
import { RecordingBackend } from '../support/recording-backend.js';
import { RecordingLogger } from '../support/recording-logger.js';
import { Application, logOuts } from './support/application.js';

function serviceWith(sessions: SessionAdapter, authorize = false): PushService {
  return createPushService({ backend: new RecordingBackend({ authorize }), sessions });
}

async function started(
  sessions: SessionAdapter = memorySessions(),
  options: PushSessionOptions = {},
  ...rest: [ConstructorParameters<typeof Application>[1]?]
): Promise<Application & { readonly sessions: SessionAdapter }> {
  const application = await new Application({ service: serviceWith(sessions), ...options }, ...rest).start();
  return Object.assign(application, { sessions });
}

async function channelsOf(sessions: SessionAdapter, user: string): Promise<readonly string[]> {
  return (await sessions.channelsFor([user]))[0] ?? [];
}

describe('a visitor', () => {
  test('gets no session, and so no cookie, without asking for the configuration', async () => {
    await using application = await started();
    const browser = application.browser();
    expect(await browser.get('/page')).toBe('hello');
    expect(browser.cookie).toBeUndefined();
  });

  test('who asks gets a channel that cannot be guessed, and keeps it', async () => {
    await using application = await started();
    const browser = application.browser();
    const [channel] = await browser.channels();
    expect(channel).toMatch(/^session-[A-Za-z0-9_-]{24}$/);
    expect(await browser.channels()).toEqual([channel]);
    expect(JSON.parse(await browser.get('/channel'))).toBe(channel);
    expect(await application.browser().channels()).not.toEqual([channel]);
  });

  test('has a private channel where the backend can authorise', async () => {
    const service = serviceWith(memorySessions(), true);
    await using application = await started(service.sessions, { service });
    const [channel] = await application.browser().channels();
    expect(channel).toMatch(/^private-session-[A-Za-z0-9_-]{24}$/);
  });

  test('who comes back after the backend has changed gets a channel of its kind', async () => {
    const store = new MemoryStore();
    await using before = await started(memorySessions(), {}, { store });
    const browser = before.browser();
    await browser.channels();
    const service = serviceWith(memorySessions(), true);
    await using after = await started(service.sessions, { service }, { store });
    const later = after.browser();
    later.cookie = browser.cookie;
    expect(await later.channels()).toEqual([expect.stringMatching(/^private-session-/)]);
  });
});

describe('log-in', () => {
  test('binds a new session to the user before its response ends', async () => {
    await using application = await started();
    const browser = application.browser();
    const [before] = await browser.channels();
    await browser.logIn('ann');
    const channels = await channelsOf(application.sessions, 'ann');
    expect(channels).toHaveLength(1);
    expect(channels).not.toContain(before);
    expect(await browser.channels()).toEqual(channels);
  });

  test.each([
    ['a visitor', []],
    ['the user', ['ann']],
    ['another user', ['bob']],
  ])(
    'in a new session that keeps what was in the one of %s gives a new channel: whoever planted that one listens',
    async (_, before) => {
      await using application = await started();
      const browser = application.browser();
      for (const user of before) await browser.logIn(user);
      const [known] = await browser.channels();
      await browser.post('/log-in-keeping?user=ann');
      const channels = await channelsOf(application.sessions, 'ann');
      expect(channels).toEqual([expect.not.stringMatching(known ?? '')]);
      expect(await browser.channels()).toEqual(channels);
      expect(await channelsOf(application.sessions, 'bob')).toEqual([]);
    },
  );

  test('of another user in the same session unbinds the first, and gives a new channel: a page of theirs may be open', async () => {
    await using application = await started();
    const browser = application.browser();
    await browser.logIn('ann');
    const [anns] = await channelsOf(application.sessions, 'ann');
    await browser.post('/log-in-within?user=bob');
    expect(await channelsOf(application.sessions, 'ann')).toEqual([]);
    const bobs = await channelsOf(application.sessions, 'bob');
    expect(bobs).toHaveLength(1);
    expect(bobs).not.toContain(anns);
    expect(await browser.channels()).toEqual(bobs);
  });

  test('with a session that is made anew each time leaves one tie', async () => {
    await using application = await started();
    const browser = application.browser();
    const seen = new Set<string | undefined>();
    for (let times = 0; times < 3; times++) {
      await browser.logIn('ann');
      const channels = await channelsOf(application.sessions, 'ann');
      expect(channels).toHaveLength(1);
      seen.add(channels[0]);
    }
    expect(seen.size).toBe(3);
  });
});

describe.each(Object.keys(logOuts))('log-out %s', (how) => {
  test('unbinds the session before its response ends, and a later page has another channel', async () => {
    await using application = await started();
    const browser = application.browser();
    await browser.logIn('ann');
    const [before] = await browser.channels();
    expect(await browser.logOut(how)).toBe('bye');
    expect(await channelsOf(application.sessions, 'ann')).toEqual([]);
    const [after] = await browser.channels();
    expect(after).not.toBe(before);
    await browser.logIn('ann');
    expect(await channelsOf(application.sessions, 'ann')).not.toContain(before);
  });

  test('leaves the other browsers of the user alone', async () => {
    await using application = await started();
    const [desk, phone] = [application.browser(), application.browser()];
    for (const browser of [desk, phone]) await browser.logIn('ann');
    expect(await channelsOf(application.sessions, 'ann')).toHaveLength(2);
    await desk.logOut(how);
    expect(await channelsOf(application.sessions, 'ann')).toEqual(await phone.channels());
  });

  test('unbinds the session where it is the session that tells the user', async () => {
    const logger = new RecordingLogger();
    await using application = await started(memorySessions(), { logger, user: ({ session }) => session.userId });
    const browser = application.browser();
    await browser.logIn('ann');
    expect(await channelsOf(application.sessions, 'ann')).toEqual(await browser.channels());
    await browser.logOut(how);
    expect(await channelsOf(application.sessions, 'ann')).toEqual([]);
    expect(logger.entries).toEqual([]);
  });

  test('ends what a session store of the application tells of the user', async () => {
    const store = new MemoryStore();
    await using application = await started(expressSessions(store), {}, { store });
    const browser = application.browser();
    await browser.logIn('ann');
    expect(await channelsOf(application.sessions, 'ann')).toEqual(await browser.channels());
    await browser.logOut(how);
    expect(await channelsOf(application.sessions, 'ann')).toEqual([]);
  });
});

test('the responses to log-in and log-out wait for an adapter that takes its time, and no other response does', async () => {
  let sessions = memorySessions();
  const slowly = async <Result>(work: () => Promise<Result>): Promise<Result> => {
    await setTimeout(100);
    return work();
  };
  const slow: SessionStore = {
    ...sessions,
    channelsFor: (users) => sessions.channelsFor(users),
    add: (...parameters) => slowly(() => sessions.add(...parameters)),
    remove: (...parameters) => slowly(() => sessions.remove(...parameters)),
  };
  await using application = await started(slow);
  const browser = application.browser();
  await browser.logIn('ann');
  expect(await channelsOf(sessions, 'ann')).toHaveLength(1);
  sessions = memorySessions();
  await browser.get('/page');
  expect(await channelsOf(sessions, 'ann')).toEqual([]);
  await expect.poll(() => channelsOf(sessions, 'ann')).toHaveLength(1);
  await browser.logOut('within the session');
  expect(await channelsOf(sessions, 'ann')).toEqual([]);
});

test('a user whose log-out was not seen is unbound by the next request', async () => {
  await using application = await started(memorySessions(), { user: (request) => userByHeader(request) });
  const browser = application.browser();
  await browser.channels();
  const url = `http://127.0.0.1:${application.port}/page`;
  await fetch(url, { headers: { cookie: browser.cookie ?? '', 'x-user': 'ann' } });
  expect(await channelsOf(application.sessions, 'ann')).toHaveLength(1);
  await browser.get('/page');
  expect(await channelsOf(application.sessions, 'ann')).toEqual([]);
});

test('a session that is made anew for the user who is logged in is bound by the next request', async () => {
  await using application = await started(memorySessions(), { user: (request) => request.session.userId });
  const browser = application.browser();
  await browser.logIn('ann');
  const before = await channelsOf(application.sessions, 'ann');
  await browser.logIn('ann');
  expect(await channelsOf(application.sessions, 'ann')).toEqual([]);
  await browser.get('/page');
  const after = await channelsOf(application.sessions, 'ann');
  expect(after).toHaveLength(1);
  expect(after).not.toEqual(before);
});

test('all tabs of a browser have one channel', async () => {
  await using application = await started();
  const browser = application.browser();
  await browser.logIn('ann');
  const tabs = await Promise.all([browser.channels(), browser.channels(), browser.channels()]);
  expect(new Set(tabs.flat()).size).toBe(1);
});

describe('a tie', () => {
  /** Sessions that note how long bindings were to last. */
  function noting(): SessionStore & { readonly ttls: number[] } {
    const ttls: number[] = [];
    const sessions = memorySessions();
    return {
      ...sessions,
      ttls,
      add: (user, channelId, options) => {
        // express-session reads the clock twice for it, and a millisecond may pass in between.
        ttls.push(Math.round((options?.ttl ?? 0) / 1000) * 1000);
        return sessions.add(user, channelId, options);
      },
    };
  }

  test.each<[string, PushSessionOptions, object, number]>([
    ['the age that the cookie may reach', {}, { maxAge: 60_000 }, 60_000],
    ['24 hours where the cookie ends with the browser', {}, {}, 86_400_000],
    ['as long as is said', { ttl: 5000 }, { maxAge: 60_000 }, 5000],
  ])('lasts %s, from the last request on', async (_what, options, cookie, ttl) => {
    const sessions = noting();
    await using application = await started(sessions, options, { cookie });
    const browser = application.browser();
    await browser.logIn('ann');
    expect(sessions.ttls).toEqual([ttl]);
    await browser.get('/page');
    await browser.channels();
    expect(sessions.ttls).toEqual([ttl, ttl, ttl]);
  });

  test('ends with the session', async () => {
    await using application = await started(memorySessions(), {}, { cookie: { maxAge: 100 } });
    await application.browser().logIn('ann');
    await expect.poll(() => channelsOf(application.sessions, 'ann'), { timeout: 5000 }).toEqual([]);
  });

  test('that the adapter has lost is made again by the next request', async () => {
    let sessions = memorySessions();
    const store: SessionStore = {
      ...sessions,
      channelsFor: (users) => sessions.channelsFor(users),
      add: (...parameters) => sessions.add(...parameters),
    };
    await using application = await started(store);
    const browser = application.browser();
    await browser.logIn('ann');
    const channels = await channelsOf(sessions, 'ann');
    expect(channels).toHaveLength(1);
    // As in a new process.
    sessions = memorySessions();
    expect(await browser.channels()).toEqual(channels);
    expect(await channelsOf(sessions, 'ann')).toEqual(channels);
  });

  test('does not come back when the application has lost its session', async () => {
    const store = new MemoryStore();
    await using application = await started(memorySessions(), {}, { store });
    const browser = application.browser();
    await browser.logIn('ann');
    const [before] = await browser.channels();
    await new Promise<void>((resolve) => store.clear(() => resolve()));
    expect(await browser.channels()).not.toEqual([before]);
  });
});

describe('an adapter that knows users and no sessions', () => {
  test("gives the user's channel, keeps nothing in the session and sets no cookie", async () => {
    await using application = await started(userChannels({ prefix: 'user-' }));
    const browser = application.browser();
    expect(await browser.channels()).toEqual([]);
    expect(JSON.parse(await browser.get('/channel'))).toBeNull();
    expect(browser.cookie).toBeUndefined();
    await browser.logIn('ann');
    expect(await browser.channels()).toEqual(['user-ann']);
  });
});

test('sends to the user reach the channel of the page', async () => {
  const backend = new RecordingBackend();
  const service = createPushService({ backend });
  await using application = await started(service.sessions, { service });
  const browser = application.browser();
  await browser.logIn('ann');
  await service.send({ users: 'ann', data: 1 });
  expect(backend.sent).toEqual([await browser.channels()]);
});

function userByHeader(request: object): string | undefined {
  return (request as { headers: Record<string, string | undefined> }).headers['x-user'];
}
