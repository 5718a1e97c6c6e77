import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import type { Page } from 'playwright-core';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { useApplication, useBrowser } from './setup.js';

const root = fileURLToPath(new URL('../../', import.meta.url));
const html = `<!doctype html>
  <link rel="icon" href="data:,"><body></body>
  <script src="/pusher.min.js"></script><script src="/react-bundle.js"></script>`;

const running = useApplication();
const browser = useBrowser();
let bundle: string;

beforeAll(async () => {
  const { outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: ['test/e2e/pages/react-page.js'],
    bundle: true,
    write: false,
    // The package as an application gets it.
    alias: { 'pushrail/client': `${root}dist/client/index.js`, 'pushrail/client/react': `${root}dist/client/react.js` },
    define: { 'process.env.NODE_ENV': '"development"' },
  });
  bundle = outputFiles[0]?.text ?? '';
});

beforeEach(() => {
  const { files } = running().application;
  files.set('/react-bundle.js', bundle);
  files.set('/react.html', html);
});

/** A page that has rendered and has no client yet; and the names of the channels that it subscribes to, as they go over the wire. */
async function open(): Promise<{ page: Page; subscriptions: string[]; errors: string[] }> {
  const page = await (await browser().newContext()).newPage();
  const subscriptions: string[] = [];
  const errors: string[] = [];
  page.on('pageerror', ({ message }) => errors.push(message));
  page.on('websocket', (socket) =>
    socket.on('framesent', ({ payload }) => {
      const { event, data } = JSON.parse(String(payload)) as { event: string; data: { channel?: string } };
      if (event.includes('subscribe')) subscriptions.push(`${event.replace('pusher:', '')} ${data.channel}`);
    }),
  );
  await page.goto(`${running().origin}/react.html`);
  await page.waitForFunction('globalThis.show');
  return { page, subscriptions, errors };
}

/** Gives the page its client, as the user's. */
async function connect(page: Page, user: string): Promise<void> {
  await page.evaluate(`(async () => {
    const { channels, ...config } = await (await fetch('/login?user=${user}', { method: 'POST' })).json();
    globalThis.client = new PushClient({ ...config, channels: [] });
    client.connect();
    show({ client });
  })()`);
  await page.waitForFunction("client.state === 'connected'");
}

async function isOccupied(channel: string): Promise<boolean> {
  return (await running().service.channel(channel).info()).occupied;
}

describe('a React application in strict mode', { timeout: 30_000 }, () => {
  it('hears a channel’s events once, by the listener of its last render, and leaves it when unmounted', async () => {
    const { page, subscriptions, errors } = await open();
    await page.evaluate("show({ channel: 'news', mark: 'first' })");
    await connect(page, 'ada');
    await page.waitForFunction("client.channel('news').isSubscribed");
    await running().service.channel('news').trigger('posted', 1);
    await page.waitForFunction('heard.length === 1');
    await page.evaluate("show({ mark: 'second' })");
    await page.waitForFunction("document.body.textContent.includes('as second')");
    await running().service.channel('news').trigger('posted', 2);
    await page.waitForFunction('heard.length === 2');
    expect(await page.evaluate('heard')).toEqual([
      ['first', 1],
      ['second', 2],
    ]);
    await page.evaluate("show({ channel: 'sport' })");
    await page.waitForFunction("client.channel('sport').isSubscribed");
    await expect.poll(() => isOccupied('news')).toBe(false);
    await page.evaluate('show({ channel: undefined })');
    await expect.poll(() => isOccupied('sport')).toBe(false);
    await expect
      .poll(() => subscriptions)
      .toEqual(['subscribe news', 'subscribe sport', 'unsubscribe news', 'unsubscribe sport']);
    expect(errors).toEqual([]);
  });

  it('keeps the channel when one component takes another’s place', async () => {
    const { page, subscriptions } = await open();
    await connect(page, 'ada');
    await page.evaluate("show({ room: 'presence-room' })");
    await page.waitForFunction("client.channel('presence-room').isSubscribed");
    await page.evaluate("show({ room: undefined, channel: 'presence-room', mark: 'news' })");
    // React lets effects wait.
    await expect
      .poll(async () => {
        await running().service.channel('presence-room').trigger('posted', 1);
        return page.evaluate('heard.length');
      })
      .toBeGreaterThan(0);
    expect(await page.textContent('body')).toContain('Reads presence-room');
    expect(subscriptions).toEqual(['subscribe presence-room']);
  });

  it('shows why a channel is refused, until the subscription is confirmed', async () => {
    const { page } = await open();
    await connect(page, 'ada');
    await page.evaluate("show({ asked: 'private-guarded' })");
    const shows = (text: string): Promise<unknown> =>
      page.waitForFunction(`document.querySelector('#asked').textContent === 'Error: ${text}'`);
    await shows('403');
    // A component that comes later shows it as well.
    await page.evaluate("show({ asked: undefined }), client.subscribe('private-guarded')");
    await page.evaluate("show({ asked: 'private-guarded' })");
    await shows('403');
    running().application.isGuarding = false;
    await page.evaluate("client.subscribe('private-guarded')");
    await shows('undefined');
  });

  it('shows the state and who is there, and hears all channels where none is named', async () => {
    const { page } = await open();
    expect(await page.textContent('#state')).toBe('initialized');
    await page.evaluate("show({ room: 'presence-room', hasEverything: true })");
    await connect(page, 'ada');
    await page.waitForFunction("document.querySelector('#state').textContent === 'connected'");
    await page.waitForFunction("document.querySelector('#room').textContent === 'Here: ada'");
    const other = await open();
    await other.page.evaluate("show({ room: 'presence-room' })");
    await connect(other.page, 'bob');
    await page.waitForFunction("document.querySelector('#room').textContent === 'Here: ada, bob'");
    await other.page.close();
    await page.waitForFunction("document.querySelector('#room').textContent === 'Here: ada'");
    await page.evaluate("client.subscribe('news')");
    await page.waitForFunction("client.channel('news').isSubscribed");
    await running().service.channel('news').trigger('posted', 1);
    await page.waitForFunction('heard.length === 1');
    expect(await page.evaluate('heard')).toEqual([['news', 1]]);
    await page.evaluate('client.disconnect()');
    await page.waitForFunction("document.querySelector('#state').textContent === 'disconnected'");
  });
});
