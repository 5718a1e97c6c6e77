import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { WebSocketService } from '../../src/backends/websocket/index.js';
import { createPushService, type MemorySessions, memorySessions, type PushService } from '../../src/index.js';
import { deliver } from '../support/deliver.js';
import { recordedMessage } from '../support/recorded-message.js';
import { Application } from './application.js';
import { connectBrowser } from './browser.js';
import { hasBackForwardCache } from './chromium.js';

interface PageRecord {
  messages: { channel: string; event: string; data: unknown; userId?: string; id?: string; notification?: unknown }[];
  subscribed: string[];
  resubscribed: string[];
  states: string[];
  errors: { code: string; channel?: string; status?: number }[];
  uncaught: string[];
}

let browser: Browser;

beforeAll(async () => {
  browser = await connectBrowser();
}, 60_000);

afterAll(async () => {
  await browser?.close();
});

let sessions: MemorySessions;
let service: PushService;
let application: Application;
let origin: string;

function startService(port: number): PushService {
  return createPushService({
    backend: 'websocket',
    appId: 'app',
    pubKey: 'key',
    secretKey: 'secret',
    options: { port, host: '127.0.0.1' },
    sessions,
  });
}

beforeEach(async () => {
  sessions = memorySessions();
  service = startService(0);
  await service.ready();
  application = new Application({ service, sessions });
  origin = await application.listen();
});

afterEach(async () => {
  for (const context of browser.contexts()) await context.close();
  await application.close();
  await service.close();
});

/** A page of its own browser profile, signed in as the user and subscribed to the user's channel. */
async function open(user: string, path = 'script.html?'): Promise<Page> {
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(`${origin}/${path}&user=${user}`);
  await page.waitForFunction('globalThis.record?.subscribed.length > 0');
  return page;
}

async function recordOf(page: Page): Promise<PageRecord> {
  return await page.evaluate('record');
}

/** The page's messages, once there are that many. */
async function messages(page: Page, count: number): Promise<PageRecord['messages']> {
  await page.waitForFunction(`record.messages.length >= ${count}`);
  return (await recordOf(page)).messages;
}

describe('a page in a browser', { timeout: 30_000 }, () => {
  it('signs in and receives what is sent to its user, and another user’s page does not', async () => {
    const [ada, bob] = [await open('ada'), await open('bob')];
    const report = await service.send({
      event: 'order.shipped',
      users: ['ada'],
      data: { orderId: 42, text: 'Größe ✓' },
    });
    expect(report.accepted).toHaveLength(1);
    // Bob's own message is sent after Ada's: had hers reached him, it would stand before his.
    await service.send({ event: 'greeted', users: ['bob'], data: null });
    expect(await messages(ada, 1)).toMatchObject([{ event: 'order.shipped', data: { orderId: 42, text: 'Größe ✓' } }]);
    expect(await messages(bob, 1)).toMatchObject([{ event: 'greeted', data: null }]);
    expect((await recordOf(ada)).states).toEqual(['connecting', 'connected']);
  });

  it('reaches every page of a user, and the notification beside the data', async () => {
    const pages = [await open('ada'), await open('ada')];
    const notification = { title: 'Shipped', body: 'Order 42' };
    await service.send({ event: 'order.shipped', users: ['ada'], data: { orderId: 42 }, notification });
    for (const page of pages) {
      expect(await messages(page, 1)).toMatchObject([{ data: { orderId: 42, notification }, notification }]);
    }
  });

  it('loads the client as ES modules as well', async () => {
    const page = await open('ada', 'module.html?');
    await service.send({ event: 'greeted', users: ['ada'], data: [1, 2] });
    expect(await messages(page, 1)).toMatchObject([{ event: 'greeted', data: [1, 2] }]);
    expect(await page.evaluate('typeof globalThis.PushClient')).toBe('undefined');
  });

  it('comes back after a restart of the server, subscribes again and receives again', async () => {
    const page = await open('ada');
    const { port } = await service.clientConfig();
    const socketId = await page.evaluate('client.socketId');
    await service.send({ event: 'before', users: ['ada'], data: 1 });
    await messages(page, 1);

    await service.close();
    await page.waitForFunction("client.state !== 'connected'");
    service = startService(Number(port));
    application.service = service;
    await service.ready();
    await page.waitForFunction('record.subscribed.length === 2');

    expect(await page.evaluate('client.socketId')).not.toBe(socketId);
    await service.send({ event: 'after', users: ['ada'], data: 2 });
    expect((await messages(page, 2)).map(({ event }) => event)).toEqual(['before', 'after']);
    const { states, subscribed, resubscribed } = await recordOf(page);
    expect(states).toEqual(['connecting', 'connected', 'connecting', 'connected']);
    expect(resubscribed).toEqual(subscribed.slice(1));
  });

  it('subscribes to the private channels that the application authorises, and is told of the refused', async () => {
    const page = await open('ada');
    await page.evaluate("client.subscribe('private-forbidden'), client.subscribe('private-orders')");
    await page.waitForFunction("record.subscribed.includes('private-orders') && record.errors.length === 1");
    expect((await recordOf(page)).errors).toEqual([
      { code: 'SUBSCRIPTION', channel: 'private-forbidden', status: 403 },
    ]);
    await service.send({ event: 'leaked', channels: ['private-forbidden'], data: 1 });
    await service.channel('private-orders').trigger('paid', { orderId: 42 });
    expect(await messages(page, 1)).toMatchObject([
      { channel: 'private-orders', event: 'paid', data: { orderId: 42 } },
    ]);
  });

  it('hears a recorded message once that is sent twice, and every other one', async () => {
    const page = await open('ada', 'script.html?signIn');
    await page.evaluate("client.subscribe('news'), client.subscribe('private-orders')");
    await page.waitForFunction("['news', 'private-orders'].every((name) => record.subscribed.includes(name))");
    const context = { signal: new AbortController().signal };
    const [paid, greeted] = [recordedMessage('paid', { orderId: 42 }), recordedMessage('greeted', 1)];
    for (const _ of [1, 2]) {
      await deliver(service.backend, ['news', 'private-orders'], paid, context);
      await deliver(service.backend, ['#server-to-user-ada'], greeted, context);
      await service.channel('news').trigger('ticked', 1);
    }
    expect(await messages(page, 5)).toMatchObject([
      { channel: 'news', event: 'paid', data: { orderId: 42 }, id: paid.id },
      { channel: 'private-orders', event: 'paid', data: { orderId: 42 }, id: paid.id },
      { channel: '#server-to-user-ada', event: 'greeted', data: 1, id: greeted.id },
      { channel: 'news', event: 'ticked', id: undefined },
      { channel: 'news', event: 'ticked', id: undefined },
    ]);
  });

  it('receives nothing more of a channel that it left, and can join it again', async () => {
    const page = await open('ada');
    await page.evaluate("client.subscribe('news')");
    await page.waitForFunction("record.subscribed.includes('news')");
    await page.evaluate("client.unsubscribe('news')");
    await service.channel('news').trigger('missed', 1);
    await service.send({ event: 'own', users: ['ada'], data: 2 });
    expect((await messages(page, 1)).map(({ event }) => event)).toEqual(['own']);
    await page.evaluate("client.subscribe('news')");
    await page.waitForFunction('record.subscribed.length === 3');
    await service.channel('news').trigger('seen', 3);
    expect((await messages(page, 2)).map(({ event }) => event)).toEqual(['own', 'seen']);
  });

  it('does not receive what it caused itself, when its socket id is excepted', async () => {
    const page = await open('ada');
    await page.evaluate("client.subscribe('news')");
    await page.waitForFunction("record.subscribed.includes('news')");
    const except = await page.evaluate<string>('client.socketId');
    await service.channel('news').trigger('mine', 1, { except });
    await service.channel('news').trigger('other', 2);
    expect((await messages(page, 1)).map(({ event }) => event)).toEqual(['other']);
  });

  it('goes on to the other listeners when one throws, and window.onerror sees it', async () => {
    const page = await open('ada');
    await page.evaluate(`
      client.unbind();
      client.bindAll(() => { throw new Error('listener failed') });
      client.bindAll((data) => record.messages.push(data));
    `);
    await service.send({ event: 'greeted', users: ['ada'], data: 7 });
    expect(await messages(page, 1)).toEqual([7]);
    expect((await recordOf(page)).uncaught).toEqual(['listener failed']);
  });

  it('reports that the server does not know its key, and stays disconnected', async () => {
    const page = await open('ada');
    const { port } = await service.clientConfig();
    await page.evaluate(`
      client.disconnect();
      const config = { backend: 'websocket', key: 'stranger', host: '127.0.0.1', port: ${port}, channels: [] };
      globalThis.stranger = new PushClient(config);
      stranger.onError(({ code, status }) => record.errors.push({ code, status }));
      stranger.connect();
    `);
    await page.waitForFunction("stranger.state === 'disconnected'");
    expect((await recordOf(page)).errors).toEqual([{ code: 'CONNECTION', status: 4001 }]);
  });

  it('learns who sent an event on a presence channel, and who joined it when it asks by name', async () => {
    const [ada, bob] = [await open('ada'), await open('bob')];
    await ada.evaluate(`
      record.joined = [];
      client.bind('pusher:member_added', ({ id }) => record.joined.push(id));
      client.subscribe('presence-room');
    `);
    await ada.waitForFunction("record.subscribed.includes('presence-room')");
    const { port } = await service.clientConfig();
    await bob.evaluate(`
      const channelAuthorization = { endpoint: '/push/auth', transport: 'ajax' };
      const options = { cluster: '', wsHost: '127.0.0.1', wsPort: ${port}, forceTLS: false, channelAuthorization };
      const room = new Pusher('key', options).subscribe('presence-room');
      room.bind('pusher:subscription_succeeded', () => room.trigger('client-typing', { isTyping: true }));
    `);
    expect(await messages(ada, 1)).toEqual([
      { channel: 'presence-room', event: 'client-typing', data: { isTyping: true }, userId: 'bob' },
    ]);
    expect(await ada.evaluate('record.joined')).toEqual(['bob']);
  });

  it('leaves presence channels when it goes into the back/forward cache, and is back when it comes out', async () => {
    const [ada, bob] = [await open('ada'), await open('bob')];
    for (const page of [ada, bob]) {
      await page.evaluate("client.subscribe('presence-room')");
      await page.waitForFunction("record.subscribed.includes('presence-room')");
    }
    const users = (): Promise<readonly string[]> => service.channel('presence-room').users();
    await expect.poll(users).toHaveLength(2);
    await ada.evaluate(`
      client.onSubscribed(({ channel, isResubscription }) => {
        if (channel !== 'presence-room') return;
        client.channel(channel).trigger('client-back', { isResubscription, states: record.states });
      });
    `);
    // Without the cache the page hears of it alone.
    const event = (type: string): string => `dispatchEvent(new PageTransitionEvent('${type}', { persisted: true }))`;
    await ada.evaluate(hasBackForwardCache() ? "location.href = 'module.html?user=ada'" : event('pagehide'));
    await expect.poll(users, { timeout: 5_000 }).toEqual(['bob']);
    if (hasBackForwardCache()) await ada.waitForURL('**/module.html?user=ada');
    await ada.evaluate(hasBackForwardCache() ? 'history.back()' : event('pageshow'));
    expect(await messages(bob, 1)).toMatchObject([
      {
        event: 'client-back',
        userId: 'ada',
        data: { isResubscription: true, states: ['connecting', 'connected', 'connecting', 'connected'] },
      },
    ]);
    expect(await users()).toHaveLength(2);
  });

  it('receives what is sent to its user when signed in, and is told when the sign-in is refused', async () => {
    const ada = await open('ada', 'script.html?signIn');
    await ada.waitForFunction("record.subscribed.includes('#server-to-user-ada')");
    await service.channel('#server-to-user-ada').trigger('greeted', 1);
    expect((await messages(ada, 1))[0]).toEqual({ channel: '#server-to-user-ada', event: 'greeted', data: 1 });

    const stranger = await open('stranger', 'script.html?signIn');
    await stranger.waitForFunction('record.errors.length > 0');
    expect((await recordOf(stranger)).errors).toEqual([{ code: 'SIGN_IN', status: 403 }]);
  });

  it('finds the server at its own address when it is attached to the application’s', async () => {
    await using attached = createPushService({
      backend: 'websocket',
      appId: 'app',
      pubKey: 'key',
      secretKey: 'secret',
      sessions,
    });
    (attached.backend as WebSocketService).attach(application.server);
    application.service = attached;
    expect(Object.keys(await attached.clientConfig())).not.toContain('port');
    const page = await open('ada');
    await attached.send({ event: 'greeted', users: ['ada'], data: 1 });
    expect(await messages(page, 1)).toMatchObject([{ event: 'greeted', data: 1 }]);
  });
});
