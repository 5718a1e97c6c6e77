import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Locator, Page } from 'playwright-core';
import { expect, it, onTestFinished, vi } from 'vitest';
import { createPushService } from '../../src/index.js';
import { sqliteMessages } from '../../src/messages/sqlite/index.js';
import { useBrowser } from '../e2e/setup.js';
import { type RunningExample, runExample } from './running-example.js';

const browser = useBrowser();

interface Setting {
  readonly delay: string;
  readonly folder?: string;
}

async function run({ delay, folder = newFolder() }: Setting): Promise<RunningExample> {
  const example = await runExample('reminder/server.js', {
    REMINDER_DELAY: delay,
    PUSH_MESSAGES: `sqlite:${join(folder, 'push.db')}`,
  });
  onTestFinished(async () => void (await example.stop()));
  return example;
}

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'pushrail-reminder-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

interface Phones {
  readonly page: Page;
  readonly ben: Locator;
  readonly log: Locator;
  write(text: string): Promise<void>;
}

async function open(url: string, width = 1280): Promise<Phones> {
  const context = await browser().newContext({ viewport: { width, height: 800 } });
  const page = await context.newPage();
  // Both clients and the log hear their channels before anybody writes.
  const subscribed = Promise.withResolvers<void>();
  let subscriptions = 0;
  page.on('websocket', (socket) =>
    socket.on('framereceived', ({ payload }) => {
      if (String(payload).includes('subscription_succeeded') && ++subscriptions === 3) subscribed.resolve();
    }),
  );
  await page.goto(url);
  await subscribed.promise;
  const write = async (text: string): Promise<void> => {
    await page.getByLabel('Ann writes').fill(text);
    await page.locator('#ann').getByRole('button', { name: 'Send' }).click();
  };
  return { page, ben: page.locator('#ben'), log: page.locator('#log'), write };
}

it('who has not read a message is reminded by a push', { timeout: 60_000 }, async () => {
  const { url } = await run({ delay: '500ms' });
  const { ben, log, write } = await open(url);
  await write('Are you there?');
  await ben.getByText('1 unread message in the chat.').waitFor();
  await ben.getByText('Ann wrote to you').waitFor();
  await log.getByText('“Are you there?”: Ben was reminded').waitFor();
  await ben.getByRole('button', { name: 'Open the chat of Ben' }).click();
  expect(await ben.locator('.messages li').allInnerTexts()).toEqual(['Are you there?']);
  expect(await ben.locator('.pushes li').count()).toBe(0);
});

it('who reads a message in time is not reminded', { timeout: 60_000 }, async () => {
  const { url } = await run({ delay: '3s' });
  const { ben, log, write } = await open(url);
  await write('Never mind');
  await ben.getByText('1 unread message in the chat.').waitFor();
  await ben.getByRole('button', { name: 'Open the chat of Ben' }).click();
  await log.getByText('“Never mind”: no reminder, because it was read in time').waitFor();
  expect(await ben.locator('.pushes li').count()).toBe(0);
});

it('a reminder that waits while the program is stopped is sent after its next start', { timeout: 60_000 }, async () => {
  const folder = newFolder();
  const first = await run({ folder, delay: '2s' });
  const response = await fetch(`${first.url}/users/ann/messages`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{"text":"Are you there?"}',
  });
  expect(response.status).toBe(201);
  expect(await first.stop()).toEqual({ code: 0, signal: null });
  await run({ folder, delay: '2s' });
  const messages = sqliteMessages({ file: join(folder, 'push.db') });
  await using push = createPushService({ backend: 'console', messages, worker: false });
  const isSent = async (): Promise<void> =>
    expect(await push.messages.find()).toMatchObject({ messages: [{ event: 'reminder', state: 'SENT' }] });
  await vi.waitFor(isSent, { timeout: 45_000, interval: 100 });
});

it('shows what is unread when the page is loaded anew, and fits a phone', { timeout: 60_000 }, async () => {
  const { url } = await run({ delay: '1h' });
  const { page, ben, log, write } = await open(url, 390);
  await write('Are you there?');
  await log.getByText('a reminder for Ben waits').waitFor();
  await page.reload();
  await ben.getByText('1 unread message in the chat.').waitFor();
  expect(await page.evaluate('document.documentElement.scrollWidth > innerWidth')).toBe(false);
});

it('takes no message without a text, and none of a user whom nobody knows', async () => {
  const { url } = await run({ delay: '1h' });
  const post = async (path: string): Promise<number> => (await fetch(url + path, { method: 'POST' })).status;
  expect(await post('/users/ann/messages')).toBe(400);
  expect(await post('/users/eve/messages')).toBe(404);
});
