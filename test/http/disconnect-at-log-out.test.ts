import { expect, onTestFinished, test, vi } from 'vitest';
import { WebSocketService } from '../../src/backends/websocket/index.js';
import { PushClient } from '../../src/client/index.js';
import { createPushHandler, toNodeHandler } from '../../src/http/index.js';
import { createPushService, type PushService, userChannels } from '../../src/index.js';
import { Pusher } from '../client/embedded-server.js';
import { type Observed, observed } from '../client/observed.js';
import { RecordingBackend } from '../support/recording-backend.js';
import { RecordingLogger } from '../support/recording-logger.js';
import { Application, type Browser, logOuts } from './support/application.js';

interface Started {
  readonly application: Application;
  readonly service: PushService;
  readonly backend: WebSocketService;
}

async function started(): Promise<Started> {
  const backend = new WebSocketService({
    appId: 'app',
    pubKey: 'key',
    secretKey: 'secret',
    options: { port: 0, host: '127.0.0.1' },
  });
  const service = createPushService({ backend });
  await service.ready();
  service.authorize('private-orders.{id}', ({ user, params }) => user === params.id);
  const application = new Application({ service });
  const handler = createPushHandler(service, { authenticate: (_request, { node }) => node?.pushSession?.userId });
  application.app.use('/push', toNodeHandler(handler));
  await application.start();
  onTestFinished(async () => {
    await service.close();
    await application[Symbol.asyncDispose]();
  });
  return { application, service, backend };
}

/** A page on real pusher-js, which is subscribed to what it may hear, the session's own channel among it. */
async function page(
  { application }: Started,
  browser: Browser,
  channels: readonly string[],
): Promise<Observed & { readonly sessionChannel: string }> {
  const config = { ...JSON.parse(await browser.get('/push/config')), host: '127.0.0.1', useTLS: false };
  const endpoint = `http://127.0.0.1:${application.port}/push/auth`;
  const auth = { endpoint, headers: () => ({ cookie: browser.cookie ?? '' }) };
  const open = observed(new PushClient(config, { Pusher, auth }));
  for (const channel of channels) open.client.subscribe(channel);
  await expect.poll(() => open.subscribed.length).toBe(channels.length + config.channels.length);
  return { ...open, sessionChannel: config.channels[0] };
}

/** The channels that a page was refused. */
const refusedTo = ({ errors }: Observed): unknown[] => errors.flatMap(({ channel }) => channel ?? []);

test.each(Object.keys(logOuts))(
  'after a log-out %s the page connects anew: what is public goes on, what is private ends',
  async (how) => {
    const setup = await started();
    const { application, service, backend } = setup;
    const [browser, others] = [application.browser(), application.browser()];
    await browser.logIn('ann');
    await others.logIn('ann');
    const open = await page(setup, browser, ['news', 'private-orders.ann']);
    const other = await page(setup, others, ['private-orders.ann']);
    const { sessionChannel } = open;
    await browser.logOut(how);
    await expect.poll(() => open.subscribed).toContain('news again');
    await expect.poll(() => refusedTo(open).sort()).toEqual(['private-orders.ann', sessionChannel]);
    await service.send({ event: 'secret', channels: ['private-orders.ann', sessionChannel], data: 42 });
    await service.send({ event: 'public', channels: 'news', data: 1 });
    await expect.poll(() => open.heard.map(({ event }) => event)).toEqual(['public']);
    // The user's other session stays as it is.
    await expect.poll(() => other.heard.map(({ event }) => event)).toEqual(['secret']);
    expect([other.states.at(-1), other.subscribed.filter((channel) => channel.endsWith('again'))]).toEqual([
      'connected',
      [],
    ]);
    expect(backend.api.localConnections).toBe(2);
  },
);

test('a log-in with a new session ends what a page hears of the session before', async () => {
  const setup = await started();
  const browser = setup.application.browser();
  const open = await page(setup, browser, ['news']);
  await browser.logIn('ann');
  await expect.poll(() => open.subscribed).toContain('news again');
  await expect.poll(() => refusedTo(open)).toEqual([open.sessionChannel]);
  const [own] = await browser.channels();
  expect(own).not.toBe(open.sessionChannel);
});

test('a user who is still logged in is let in again, on each page', async () => {
  const setup = await started();
  const browser = setup.application.browser();
  await browser.logIn('ann');
  const open = await page(setup, browser, ['news', 'private-orders.ann']);
  expect(await setup.service.disconnect({ user: 'ann' })).toBe(1);
  const again = [open.sessionChannel, 'news', 'private-orders.ann'].map((channel) => `${channel} again`);
  await expect.poll(() => open.subscribed.slice(3).sort()).toEqual(again.sort());
  expect(refusedTo(open)).toEqual([]);
});

test('a request that changes nobody ends nothing', async () => {
  const setup = await started();
  const browser = setup.application.browser();
  await browser.logIn('ann');
  const open = await page(setup, browser, ['news']);
  await Promise.all([browser.get('/page'), browser.get('/config'), browser.post('/log-in-within?user=ann')]);
  expect(setup.backend.api.localConnections).toBe(1);
  expect(open.subscribed.filter((channel) => channel.endsWith('again'))).toEqual([]);
});

test.each([
  ['cannot', [], undefined],
  ['fails', ['session'] as const, new Error('gone')],
])('where the backend %s, a log-out works all the same', async (_what, disconnects, failure) => {
  const backend = new RecordingBackend({ disconnects });
  const disconnect = vi.spyOn(backend, 'disconnect').mockRejectedValue(failure);
  const logger = new RecordingLogger();
  await using application = await new Application({ service: createPushService({ backend, logger }) }).start();
  const browser = application.browser();
  await browser.logIn('ann');
  const [before] = await browser.channels();
  expect(await browser.logOut('within the session')).toBe('bye');
  expect(await browser.channels()).not.toEqual([before]);
  expect(disconnect.mock.calls).toEqual(failure === undefined ? [] : [[{ sessionChannel: before }]]);
  const lines = logger.entries.filter(({ level }) => level === 'error');
  expect(lines).toMatchObject(
    failure === undefined
      ? []
      : [{ details: { err: { code: 'DELIVERY', message: 'The recording backend failed: gone', cause: failure } } }],
  );
});

test('with one channel for each user, a log-out of one session leaves the others alone', async () => {
  const backend = new RecordingBackend({ disconnects: ['user', 'session'] });
  const disconnect = vi.spyOn(backend, 'disconnect');
  const service = createPushService({ backend, sessions: userChannels() });
  await using application = await new Application({ service }).start();
  const browser = application.browser();
  await browser.logIn('ann');
  await browser.channels();
  await browser.logOut('within the session');
  expect(disconnect).not.toHaveBeenCalled();
});
