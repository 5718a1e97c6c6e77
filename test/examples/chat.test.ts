import type { Page } from 'playwright-core';
import { describe, expect, it, onTestFinished } from 'vitest';
import { useBrowser } from '../e2e/setup.js';
import { startServer } from '../server/support/server.js';
import { type RunningExample, runExample } from './running-example.js';

const browser = useBrowser();

/** The chat room on one backend, and what environment makes it so. */
const backends: readonly (readonly [name: string, environment: () => Promise<NodeJS.ProcessEnv>])[] = [
  ['the embedded server', async () => ({})],
  [
    'Pusher, by PUSH_SERVER alone',
    async () => {
      // A server that speaks Pusher's protocol and HTTP API stands in for the service.
      const server = await startServer({});
      const port = server.address?.port;
      return { PUSH_SERVER: `pusher://key:the-secret@app?host=127.0.0.1&port=${port}&useSsl=false` };
    },
  ],
];

describe.each(backends)('the chat room on %s', (_, environment) => {
  let chat: RunningExample;

  async function open(): Promise<void> {
    chat = await runExample('chat/server.js', await environment());
    onTestFinished(async () => void (await chat.stop()));
  }

  /** Someone in a browser of their own, in the room. */
  async function comeIn(name: string): Promise<Page> {
    const page = await (await browser().newContext()).newPage();
    await page.goto(chat.url);
    await page.getByLabel('Your name').fill(name);
    await page.getByRole('button', { name: 'Come in' }).click();
    await page.getByRole('button', { name: `${name} (you)` }).waitFor();
    return page;
  }

  async function say(page: Page, text: string): Promise<void> {
    await page.locator('#composer input').fill(text);
    await page.getByRole('button', { name: 'Send' }).click();
  }

  const messages = (page: Page): Promise<string[]> => page.locator('#messages li').allInnerTexts();
  const members = (page: Page): Promise<string[]> => page.locator('#members button').allInnerTexts();

  it('shows who is there, what is said, who is typing, and private messages to nobody else', {
    timeout: 60_000,
  }, async () => {
    await open();
    const ann = await comeIn('Ann');
    const ben = await comeIn('Ben');
    const eve = await comeIn('Eve');
    await ann.getByRole('button', { name: 'Eve' }).waitFor();
    expect(await members(ann)).toEqual(['Ann (you)', 'Ben', 'Eve']);
    expect(await members(ben)).toEqual(['Ann', 'Ben (you)', 'Eve']);

    await ben.locator('#composer input').fill('Hel');
    await ann.getByText('Ben is typing …').waitFor();
    await say(ben, 'Hello, all');
    await ann.getByText('Hello, all').waitFor();
    await eve.getByText('Hello, all').waitFor();
    expect(await ann.locator('#typing').textContent()).toBe('');

    await ben.getByRole('button', { name: 'Ann' }).click();
    await say(ben, 'Only for you');
    await ann.getByText('Only for you').waitFor();
    // What comes after it shows that nothing was on its way to Eve, and that the sender does not hear itself.
    await ben.locator('#recipient').click();
    await say(ben, 'Bye, all');
    await eve.getByText('Bye, all').waitFor();
    await ann.getByText('Bye, all').waitFor();
    expect(await messages(eve)).toEqual(['Ben Hello, all', 'Ben Bye, all']);
    expect(await messages(ann)).toEqual(['Ben Hello, all', 'Ben (private) Only for you', 'Ben Bye, all']);
    expect(await messages(ben)).toEqual(['You Hello, all', 'You to Ann (private) Only for you', 'You Bye, all']);

    await ben.getByRole('button', { name: 'Leave' }).click();
    await ann.getByRole('button', { name: 'Ben' }).waitFor({ state: 'detached' });
    expect(await members(ann)).toEqual(['Ann (you)', 'Eve']);
    await ben.getByLabel('Your name').waitFor();
  });

  /** Posts JSON, as the page does, and hands back the cookie of the session. */
  async function post(path: string, body: object, cookie = ''): Promise<{ status: number; cookie: string }> {
    const response = await fetch(chat.url + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', cookie },
      body: JSON.stringify(body),
    });
    await response.text();
    return { status: response.status, cookie: response.headers.getSetCookie()[0]?.split(';')[0] ?? cookie };
  }

  it('tells nobody of a private message to someone who is not there any more', async () => {
    await open();
    const { cookie } = await post('/login', { name: 'Ann' });
    expect((await post('/messages', { text: 'Only for you', to: 'ben' }, cookie)).status).toBe(404);
    expect((await post('/messages', { text: 'Only for you', to: null }, cookie)).status).toBe(404);
    expect((await post('/messages', { text: 'Hello, all' }, cookie)).status).toBe(201);
  });

  it('lets who comes back, such as by reloading the page, in again, and a name be taken once', async () => {
    await open();
    const ann = await post('/login', { name: 'Ann' });
    expect((await post('/login', { name: 'ann' })).status).toBe(409);
    const again = await post('/login', { name: 'Ann' }, ann.cookie);
    expect(again.status).toBe(200);
    expect((await post('/login', { name: 'Anna' }, again.cookie)).status).toBe(200);
    expect((await post('/login', { name: 'Ann' })).status).toBe(200);
    expect((await post('/login', { name: 'Anna' })).status).toBe(409);
  });

  it('keeps its visitor when the page is loaded anew, and ends on SIGTERM with a page connected', async () => {
    await open();
    const page = await comeIn('Ann');
    await page.reload();
    await page.getByRole('button', { name: 'Ann (you)' }).waitFor();
    expect(await chat.stop()).toEqual({ code: 0, signal: null });
    await page.close();
  });

  it('lets nobody in who is not logged in', async () => {
    await open();
    expect((await post('/messages', { text: 'hi' })).status).toBe(401);
    expect((await post('/push/auth', { socket_id: '1.2', channel_name: 'presence-chat' })).status).toBe(401);
    expect((await post('/login', { name: '<b>' })).status).toBe(400);
  });
});
