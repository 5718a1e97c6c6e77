import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import type { BrowserContext, Page } from 'playwright-core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { PubNubService } from '../../src/backends/pubnub/index.js';
import { createPushService, type PushService } from '../../src/index.js';
import { resetBeforeAnswer } from '../providers/faults.js';
import { type PubNubProvider, startPubNubProvider } from '../providers/pubnub-provider.js';
import { readForPage } from './page-files.js';
import { useBrowser } from './setup.js';

let provider: PubNubProvider;
let service: PushService;
let server: Server;
let origin: string;
/** What the application does not let its user read. */
let theirs: Set<string>;
/** The channels that each token was asked for. */
let asked: string[][];

/** The application: it says what its page needs, and grants tokens to its user. */
function startApplication(): Server {
  return createServer(async (request, response) => {
    const json = (status: number, body: object): void =>
      void response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    const url = new URL(request.url ?? '/', 'http://localhost');
    if (url.pathname === '/login') {
      const config = await service.clientConfig();
      json(200, { ...config, channels: ['orders'], userId: url.searchParams.get('user'), authEndpoint: '/push/auth' });
    } else if (url.pathname === '/push/auth') {
      const channels = new URLSearchParams(await text(request)).getAll('channel_name');
      asked.push(channels);
      const allowed = channels.filter((channel) => !theirs.has(channel));
      if (allowed.length === 0) return json(403, { error: 'These are not yours.' });
      const auth = await (service.backend as PubNubService).grantToken({ ttlMinutes: 60, channels: allowed });
      json(200, { auth, channels: allowed, refused: channels.filter((channel) => theirs.has(channel)) });
    } else {
      const content = await readForPage(url.pathname);
      const type = url.pathname.endsWith('.html') ? 'text/html' : 'text/javascript';
      response.writeHead(content === undefined ? 404 : 200, { 'content-type': type }).end(content);
    }
  });
}

beforeEach(async () => {
  provider = await startPubNubProvider();
  provider.access.isRequired = true;
  service = createPushService(provider.settings);
  theirs = new Set();
  asked = [];
  server = startApplication().listen(0, '127.0.0.1');
  await once(server, 'listening');
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterEach(async () => {
  server.close();
  server.closeAllConnections();
  await service.close();
  await provider.close();
});

const browser = useBrowser();

async function open(user: string, context?: BrowserContext): Promise<Page> {
  const page = await (context ?? (await browser().newContext())).newPage();
  await page.goto(`${origin}/pubnub.html?user=${user}`);
  await page.waitForFunction('globalThis.record?.subscribed.length > 0');
  return page;
}

/** What was heard, once there is so much. */
async function heard(page: Page, count: number): Promise<unknown> {
  await page.waitForFunction(`record.messages.length >= ${count}`);
  return page.evaluate('record.messages.map(({ channel, event, data }) => [channel, event, data])');
}

describe('a page with PubNub', { timeout: 30_000 }, () => {
  it('receives what the application sends, with a token that is asked for anew when channels are added', async () => {
    const page = await open('ann');
    await service.send({ event: 'order.shipped', channels: 'orders', data: { text: 'Größe ✓' } });
    expect(await heard(page, 1)).toEqual([['orders', 'order.shipped', { text: 'Größe ✓' }]]);
    await page.evaluate("globalThis.news = client.channel('news'); globalThis.remove = news.bind('posted', () => {})");
    await page.waitForFunction('news.isSubscribed');
    await service.send({ event: 'posted', channels: ['news', 'orders'], data: 1 });
    await heard(page, 3);
    await page.evaluate('remove()');
    await expect.poll(() => [...(provider.present.get('news') ?? [])]).toEqual([]);
    expect(asked).toEqual([['orders'], ['orders', 'news']]);
    expect(await page.evaluate('[record.states, record.errors]')).toEqual([['connecting', 'connected'], []]);
  });

  it('is told of a channel that is refused, by the application or by PubNub, and goes on with the others', async () => {
    const page = await open('ann');
    theirs.add('payroll');
    provider.forbidden.add('secret');
    await page.evaluate("for (const channel of ['payroll', 'secret', 'news']) client.subscribe(channel)");
    await page.waitForFunction("record.errors.length === 2 && record.subscribed.includes('news')");
    expect(await page.evaluate('record.errors')).toEqual([
      { code: 'SUBSCRIPTION', channel: 'payroll', status: 403 },
      { code: 'SUBSCRIPTION', channel: 'secret', status: 403 },
    ]);
    await service.send({ event: 'posted', channels: ['news', 'orders'], data: 1 });
    await heard(page, 2);
  });

  it('is back after PubNub could not be reached, with what was sent meanwhile', async () => {
    const page = await open('ann');
    const polls = (): number | undefined => provider.counts.get('subscribe');
    await expect.poll(polls).toBe(2);
    provider.server.always = resetBeforeAnswer;
    provider.endPolls();
    await expect.poll(polls).toBe(3);
    provider.publish('orders', { event: 'missed', data: 1, id: 'a' });
    await page.waitForFunction("client.state === 'connecting'");
    provider.publish('orders', { event: 'missed', data: 2, id: 'b' });
    provider.server.always = undefined;
    await page.waitForFunction("record.resubscribed.includes('orders')");
    expect(await heard(page, 2)).toEqual([
      ['orders', 'missed', 1],
      ['orders', 'missed', 2],
    ]);
    await page.waitForFunction("client.state === 'connected'");
    expect(await page.evaluate('record.errors.map(({ code }) => code)')).toEqual(['CONNECTION']);
  });

  it('is lost and found with the browser’s network', async () => {
    const context = await browser().newContext();
    const page = await open('ann', context);
    await context.setOffline(true);
    await page.waitForFunction("client.state === 'connecting'");
    await service.send({ event: 'missed', channels: 'orders', data: 1 });
    await context.setOffline(false);
    expect(await heard(page, 1)).toEqual([['orders', 'missed', 1]]);
  });

  it('is one of several tabs, each of which hears each message, and which are one user', async () => {
    const context = await browser().newContext();
    const pages = [await open('ann', context), await open('ann', context)];
    await service.send({ event: 'order.shipped', channels: 'orders', data: 1 });
    for (const page of pages) expect(await heard(page, 1)).toEqual([['orders', 'order.shipped', 1]]);
    expect([...(provider.present.get('orders') ?? [])]).toEqual(['ann']);
  });

  it('is the same nobody in all tabs of a browser when its user is not known', async () => {
    const context = await browser().newContext();
    for (const _tab of [1, 2]) {
      const page = await open('ann', context);
      await page.evaluate(`(async () => {
        client.disconnect();
        const { userId, ...config } = await (await fetch('/login')).json();
        globalThis.nobody = new PushClient(config);
        nobody.onSubscribed(({ channel }) => record.subscribed.push(channel));
        record.subscribed.length = 0;
        nobody.connect();
      })()`);
      await page.waitForFunction('record.subscribed.length > 0');
    }
    await expect
      .poll(() => [...(provider.present.get('orders') ?? [])].filter((id) => id.startsWith('anonymous-')))
      .toEqual([expect.stringMatching(/^anonymous-\d+-\d+-\d+-\d+$/)]);
  });
});
