import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createPushService } from '../../src/index.js';
import { deliver } from '../support/deliver.js';
import { recordedMessage } from '../support/recorded-message.js';
import { RecordingLogger } from '../support/recording-logger.js';
import { connectBrowser } from './browser.js';
import { nonce, ScriptSite } from './script-site.js';

// A page whose whole set-up is <script src="/push/client.js"></script>.

let browser: Browser;
/** One for all pages, which are quicker to open than profiles. */
let context: BrowserContext;
let site: ScriptSite;

beforeAll(async () => {
  browser = await connectBrowser();
  context = await browser.newContext();
}, 60_000);

afterAll(async () => {
  await browser?.close();
});

beforeEach(async () => {
  site = await new ScriptSite().start();
});

afterEach(async () => {
  for (const page of context.pages()) await page.close();
  await site[Symbol.asyncDispose]();
});

interface Opened {
  readonly page: Page;
  /** What the page wrote to the console, and errors that nobody caught. */
  readonly told: string[];
}

async function open(code: string, scripts: readonly string[] = ['/push/client.js']): Promise<Opened> {
  const page = await context.newPage();
  const told: string[] = [];
  page.on('console', (message) => told.push(message.text()));
  page.on('pageerror', (error) => told.push(`uncaught: ${error.message}`));
  const query = new URLSearchParams({ code: `globalThis.heard = []; ${code}` });
  for (const src of scripts) query.append('script', src);
  await page.goto(`${site.origin}/page?${query}`);
  return { page, told };
}

const heard = (page: Page): Promise<unknown> => page.evaluate('heard');

async function untilHeard(page: Page, count: number): Promise<unknown> {
  await expect.poll(() => page.evaluate('heard.length')).toBeGreaterThanOrEqual(count);
  return heard(page);
}

/** Adds the script to a page later on. */
function load(page: Page, src: string, type = ''): Promise<unknown> {
  return page.evaluate(`new Promise((resolve) => {
    const script = Object.assign(document.createElement('script'), { src: '${src}', type: '${type}', nonce: '${nonce}' });
    script.onload = resolve;
    document.head.append(script);
  })`);
}

const bindShipped = "PushClient.bind('order.shipped', (data) => heard.push(data));";

describe('the script client.js', { timeout: 30_000 }, () => {
  it('is the whole set-up of a page, under a policy that lets in scripts by their nonce', async () => {
    const { page, told } = await open(bindShipped);
    await page.evaluate('PushClient.ready');
    await site.push.send({ event: 'order.shipped', users: 'ann', data: { orderId: 42 } });
    expect(await untilHeard(page, 1)).toEqual([{ orderId: 42 }]);
    expect(site.asked).toEqual(['client.js', 'config']);
    expect(told).toEqual([]);
  });

  it('asks for nothing, and makes no session, in a page that binds nothing', async () => {
    const { page } = await open('');
    await page.evaluate('new Promise((resolve) => setTimeout(resolve))');
    expect(site.asked).toEqual(['client.js']);
    expect(await site.sessions.channelsFor(['ann'])).toEqual([[]]);
  });

  it('gives the page its client, with channels, members and errors', async () => {
    const { page } = await open(`
      PushClient.subscribe('presence-shop');
      PushClient.subscribe('private-no');
      PushClient.ready.then((client) => {
        client.channel('presence-shop').onMembersChange((members) => heard.push([...members.keys()]));
        globalThis.client = client;
      });
    `);
    await expect.poll(() => page.evaluate("globalThis.client?.channel('presence-shop').isSubscribed")).toBe(true);
    await page.evaluate(
      "heard.push(client instanceof PushClient, client.state); PushClient.unsubscribe('presence-shop')",
    );
    await expect.poll(async () => JSON.stringify(await heard(page))).toContain('true,"connected"');
    await expect.poll(async () => await page.evaluate("client.channel('presence-shop').isSubscribed")).toBe(false);
  });

  it('lets a page hear a recorded message once that is sent twice', async () => {
    const { page } = await open(`${bindShipped} PushClient.subscribe('news');`);
    await page.evaluate('PushClient.ready');
    const message = recordedMessage('order.shipped', 1);
    for (const _ of [1, 2]) await deliver(site.push.backend, ['news'], message, { signal: AbortSignal.timeout(5_000) });
    await site.push.send({ event: 'order.shipped', channels: 'news', data: 2 });
    await untilHeard(page, 2);
    await expect.poll(() => heard(page)).toEqual([1, 2]);
  });

  it('keeps Function.prototype.bind for anything but a text and a function', async () => {
    const { page } = await open('');
    const bound = "PushClient.bind(null, { backend: 'console', channels: [] })";
    expect(await page.evaluate(`new (${bound})().state`)).toBe('initialized');
    expect(
      await page.evaluate(
        '[PushClient.call, PushClient.apply].map((f) => f === Function.prototype.call || f === Function.prototype.apply)',
      ),
    ).toEqual([true, true]);
    expect(site.asked).toEqual(['client.js']);
  });

  it('takes a transport of the page, and messages in the form of the older documents', async () => {
    const { page } = await open(`
      PushClient.subscribe = function (channelId) {
        this.receiveMessage({ channelId, text: 'hello' });
        this.receiveMessage({ event: 'order.shipped', orderId: 42 });
        this.receiveMessage({ event: 'order.shipped', channel: channelId, data: [1], id: 'x' });
      };
      PushClient.bind('push-event', (data) => heard.push(data));
      PushClient.bind('order.shipped', (data, { channel, id }) => heard.push([data, channel, id]));
    `);
    expect(await untilHeard(page, 3)).toEqual([
      { channelId: 'session-of-ann', text: 'hello' },
      [{ orderId: 42 }, '', undefined],
      [[1], 'session-of-ann', 'x'],
    ]);
    expect(await page.evaluate('PushClient.ready.then(({ state }) => state)')).toBe('connected');
    const late = '(() => { try { PushClient.subscribe = () => {} } catch (error) { return error.message } })()';
    expect(await page.evaluate(late)).toMatch(/^PushClient\.subscribe was assigned too late/);
  });

  it('changes channels after a log-in in a page that stays', async () => {
    site.user = undefined;
    const { page } = await open(`${bindShipped} PushClient.ready.then(() => heard.push('ready'));`);
    await untilHeard(page, 1);
    const before = await page.evaluate('PushClient.ready.then(({ socketId }) => socketId)');
    site.user = 'ann';
    const after = await page.evaluate('PushClient.configure().then(({ socketId }) => socketId)');
    expect(after).toBe(before);
    await site.push.send({ event: 'order.shipped', users: 'ann', data: 1 });
    await site.push.channel('visitors').trigger('order.shipped', 'missed');
    await site.push.send({ event: 'order.shipped', users: 'ann', data: 2 });
    expect(await untilHeard(page, 3)).toEqual(['ready', 1, 2]);
  });

  it('fetches its configuration again while the application fails, and says so', async () => {
    site.failures.push(503);
    const { page, told } = await open(bindShipped);
    await page.evaluate('PushClient.ready');
    expect(site.asked).toEqual(['client.js', 'config', 'config']);
    const text = `The page's configuration could not be fetched from ${site.origin}/push/config: not now`;
    expect(told.filter((line) => line.includes('PushClientError'))).toEqual([expect.stringContaining(text)]);
  });

  it('tells of a configuration that is refused, and has another try when the page asks for it', async () => {
    site.failures.push(401);
    const { page, told } = await open(bindShipped);
    const refused = 'PushClient.ready.catch(({ code, status, message }) => ({ code, status, message }))';
    expect(await page.evaluate(refused)).toEqual({
      code: 'CONFIGURATION',
      status: 401,
      message: `The page's configuration could not be fetched from ${site.origin}/push/config: not now`,
    });
    expect(told.join()).toContain('/push/config: not now');
    expect(site.asked).toEqual(['client.js', 'config']);
    expect(await page.evaluate('PushClient.configure().then(({ state }) => state)')).toBe('connected');
  });

  it('stands in the page once, however often the page loads it', async () => {
    const { page } = await open('PushClient.bind("a", () => heard.push(1));', [
      '/push/client.js',
      '/push/client.js?again',
    ]);
    await page.evaluate('PushClient.ready.then(() => { globalThis.first = PushClient })');
    await load(page, '/push/client.js');
    expect(await page.evaluate('first === PushClient')).toBe(true);
    await site.push.send({ event: 'a', users: 'ann', data: null });
    expect(await untilHeard(page, 1)).toEqual([1]);
    expect(site.asked.filter((path) => path === 'config')).toEqual(['config']);
  });

  it('says how to load it where it cannot know its own address', async () => {
    const { page, told } = await open('');
    await load(page, '/push/client.js?module', 'module');
    expect(told).toEqual(['uncaught: Load client.js by <script src="…/client.js">, without type="module".']);
  });

  it('brings pusher-js whatever loader of modules the page has, and leaves the page its own', async () => {
    const { page } = await open('', []);
    await page.evaluate(`globalThis.define = Object.assign(() => heard.push('defined'), { amd: {} })`);
    await load(page, '/push/client.js');
    expect(await page.evaluate('[typeof Pusher, heard]')).toEqual(['function', []]);
    await page.reload();
    await page.evaluate(`globalThis.Pusher = 'mine'`);
    await load(page, '/push/client.js');
    expect(await page.evaluate('Pusher')).toBe('mine');
  });

  it('brings the SDK of PubNub, and has OneSignal hand out its own, with the nonce of the page', async () => {
    const logger = new RecordingLogger();
    const pubnub = createPushService({ backend: 'pubnub', pubKey: 'pub', subKey: 'sub', logger });
    const onesignal = createPushService({
      backend: 'onesignal',
      appId: '6f0d3b4a-1f5e-4c3b-9a7d-2b8c1d0e9f11',
      secretKey: 's',
      logger,
    });
    const failover = createPushService('failover(console: pubnub://p:k@s)');
    site.services
      .set('pubnub', pubnub as never)
      .set('onesignal', onesignal as never)
      .set('failover', failover);
    const both = await Promise.all(
      ['pubnub', 'failover'].map(async (name) => (await fetch(`${site.origin}/${name}/client.js`)).text()),
    );
    expect(both[0]).toBe(both[1]);
    const { page } = await open('', ['/pubnub/client.js']);
    expect(await page.evaluate('[typeof PubNub, typeof Pusher, typeof PushClient]')).toEqual([
      'function',
      'undefined',
      'function',
    ]);

    const { page: other, told } = await open('', ['/onesignal/client.js']);
    const address = 'https://cdn.onesignal.com/sdks/web/v16/OneSignalSDK.page.js';
    await other.route(address, (route) =>
      route.fulfill({ contentType: 'text/javascript', body: 'globalThis.heard.push("sdk")' }),
    );
    expect(await other.evaluate("document.querySelector('script[src*=OneSignal]')")).toBeNull();
    await other.evaluate("void PushClient.bind('order.shipped', () => {})");
    expect(await untilHeard(other, 1)).toEqual(['sdk']);
    expect(told).toContain(`pushrail: this page loads ${address}, which its provider alone hands out.`);
  });
});
