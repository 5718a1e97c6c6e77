import { randomUUID } from 'node:crypto';
import { MemoryStore } from 'express-session';
import { Redis } from 'ioredis';
import { describe, expect, onTestFinished, test } from 'vitest';
import { PushClient } from '../../src/client/index.js';
import { createPushHandler, toNodeHandler } from '../../src/http/index.js';
import {
  createPushService,
  expressSessions,
  memorySessions,
  type PushService,
  type PushUser,
  redisSessions,
  type SessionAdapter,
} from '../../src/index.js';
import { Pusher } from '../client/embedded-server.js';
import { type Observed, observed } from '../client/observed.js';
import { RecordingBackend } from '../support/recording-backend.js';
import { findRedis } from '../support/redis.js';
import { withRedis } from '../support/with-redis.js';
import { Application, type Browser } from './support/application.js';

// Whoever saw a session before its log-in may listen on the channel that it had then.

interface Started {
  readonly application: Application;
  readonly service: PushService;
  readonly backend: RecordingBackend;
}

async function started(sessions: SessionAdapter, store: MemoryStore = new MemoryStore()): Promise<Started> {
  const backend = new RecordingBackend({ maxChannelsPerRequest: 100 });
  const service = createPushService({ backend, sessions });
  const application = await new Application({ service }, { store }).start();
  onTestFinished(() => application[Symbol.asyncDispose]());
  return { application, service, backend };
}

/** Log-ins of Ann that leave the session its id. */
const logIns: readonly [how: string, before: (browser: Browser) => Promise<unknown>][] = [
  ['of a visitor', async () => {}],
  [
    'of a visitor who has been Ann before',
    (browser) => browser.logIn('ann').then(() => browser.logOut('within the session')),
  ],
  [
    'of a visitor who has been Ben before',
    (browser) => browser.logIn('ben').then(() => browser.logOut('within the session')),
  ],
  ['in the session of Ben', (browser) => browser.logIn('ben')],
];

function keepsToItself(setUp: () => { sessions: SessionAdapter; store?: MemoryStore }): void {
  test.each(logIns)('the log-in %s gives the session a channel that nobody has seen', async (_, before) => {
    const { sessions, store } = setUp();
    const { application, service, backend } = await started(sessions, store);
    const browser = application.browser();
    const seen = await browser.channels();
    await before(browser);
    seen.push(...(await browser.channels()));
    await browser.post('/log-in-within?user=ann');
    const { channels } = await service.send({ users: 'ann', data: 'for Ann' });
    expect(channels).toHaveLength(1);
    expect(seen).not.toContain(channels[0]);
    expect(backend.sent).toEqual([channels]);
    expect(await browser.channels()).toEqual(channels);
    expect((await sessions.channelsFor(['ben']))[0]).toEqual([]);
  });

  test('the channel of a log-in stays, also for tabs that ask together', async () => {
    const { sessions, store } = setUp();
    const { application } = await started(sessions, store);
    const browser = application.browser();
    await browser.channels();
    await browser.post('/log-in-within?user=ann');
    const first = await browser.channels();
    const tabs = await Promise.all([browser.channels(), browser.channels(), browser.get('/page')]);
    expect(tabs).toEqual([first, first, 'hello']);
    await browser.post('/log-in-within?user=ann');
    expect(await browser.channels()).toEqual(first);
    expect((await sessions.channelsFor(['ann']))[0]).toEqual(first);
  });
}

describe('with memorySessions', () => keepsToItself(() => ({ sessions: memorySessions() })));

describe('with expressSessions', () =>
  keepsToItself(() => {
    const store = new MemoryStore();
    return { sessions: expressSessions(store), store };
  }));

describe('with expressSessions that ask the application who is logged in', () =>
  keepsToItself(() => {
    const store = new MemoryStore();
    return { sessions: expressSessions(store, { user: ({ userId }) => userId as PushUser | undefined }), store };
  }));

await withRedis('with redisSessions', findRedis, ({ url }) =>
  keepsToItself(() => {
    const redis = new Redis(url);
    const prefix = `test-${randomUUID()}:`;
    onTestFinished(async () => {
      await redis.del(`${prefix}sessions:ann`, `${prefix}sessions:ben`);
      redis.disconnect();
    });
    return { sessions: redisSessions(redis, { prefix }) };
  }),
);

test('the configuration that a log-in answers has the channel of the user', async () => {
  const { application } = await started(memorySessions());
  application.app.post('/log-in-and-configure', async (request, response) => {
    request.session.userId = 'ann';
    Object.assign(request, { user: { id: 'ann' } });
    response.json(await request.pushSession.clientConfig());
  });
  const browser = application.browser();
  const [visitors] = await browser.channels();
  const config = JSON.parse(await browser.post('/log-in-and-configure')) as { channels: string[] };
  expect(config).toMatchObject({ channels: [expect.not.stringMatching(visitors ?? '')], userId: 'ann' });
  expect(await browser.channels()).toEqual(config.channels);
});

test('who listens with the channel from before the log-in hears nothing of the user', async () => {
  const options = { port: 0, host: '127.0.0.1' };
  const service = createPushService({
    backend: 'websocket',
    appId: 'app',
    pubKey: 'key',
    secretKey: 'secret',
    options,
  });
  await service.ready();
  const application = new Application({ service });
  application.app.use('/push', toNodeHandler(createPushHandler(service)));
  await application.start();
  onTestFinished(async () => {
    await service.close();
    await application[Symbol.asyncDispose]();
  });

  async function page(browser: Browser): Promise<Observed> {
    const config = { ...JSON.parse(await browser.get('/push/config')), host: '127.0.0.1', useTLS: false };
    const endpoint = `http://127.0.0.1:${application.port}/push/auth`;
    const auth = { endpoint, headers: () => ({ cookie: browser.cookie ?? '' }) };
    const open = observed(new PushClient(config, { Pusher, auth }));
    await expect.poll(() => open.subscribed).toEqual(config.channels);
    return open;
  }

  const browser = application.browser();
  const before = await page(browser);
  await browser.post('/log-in-within?user=ann');
  const after = await page(browser);
  const { accepted } = await service.send({ users: 'ann', event: 'secret', data: 42 });
  expect(accepted).toHaveLength(1);
  await expect.poll(() => after.heard).toMatchObject([{ event: 'secret', data: 42 }]);
  // It has been sent to ask anew.
  await expect.poll(() => before.errors.flatMap(({ channel }) => channel ?? [])).toEqual(before.subscribed);
  expect(before.heard).toEqual([]);
});
