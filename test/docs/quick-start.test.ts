import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { useBrowser } from '../e2e/setup.js';
import { freePort } from '../support/ports.js';
import { codeBlocks } from './document.js';

const root = join(import.meta.dirname, '../..');
const blocks = codeBlocks(join(root, 'README.md'));
const file = 'server.mjs';
const program = blocks.find((block) => block.file === file);
const start = blocks.find(({ text }) => text === `node ${file}\n`);

const browser = useBrowser();
// Outside the repository: the program finds what `npm install pushrail pusher-js` brings, and nothing else.
const folder = mkdtempSync(join(tmpdir(), 'pushrail-quick-start-'));
let server: ChildProcess | undefined;

beforeAll(() => {
  mkdirSync(join(folder, 'node_modules'));
  symlinkSync(root, join(folder, 'node_modules/pushrail'));
  symlinkSync(join(root, 'node_modules/pusher-js'), join(folder, 'node_modules/pusher-js'));
});

afterAll(() => {
  server?.kill();
  rmSync(folder, { recursive: true, force: true });
});

it('the program of the README serves a page, and both of its windows show what a button makes it send', async () => {
  const port = await freePort();
  writeFileSync(join(folder, file), program?.text.replaceAll('8080', String(port)) ?? '');
  server = spawn(process.execPath, [file], { cwd: folder, stdio: ['ignore', 'pipe', 'inherit'] });
  const [printed] = await once(server.stdout as NonNullable<typeof server.stdout>, 'data');
  expect(String(printed)).toBe(start?.prints?.replaceAll('8080', String(port)));

  const context = await browser().newContext({ viewport: { width: 390, height: 700 } });
  const failures: string[] = [];
  const windows = [await context.newPage(), await context.newPage()];
  for (const page of windows) {
    page.on('pageerror', ({ message }) => failures.push(message));
    page.on('console', (message) => message.type() === 'error' && failures.push(message.text()));
    page.on('response', (response) => !response.ok() && failures.push(`${response.status()} ${response.url()}`));
    const subscribed = new Promise<void>((resolve) => {
      page.on('websocket', (socket) =>
        socket.on('framereceived', ({ payload }) => {
          if (String(payload).includes('subscription_succeeded')) resolve();
        }),
      );
    });
    await page.goto(`http://127.0.0.1:${port}/`);
    await subscribed;
  }
  await windows[0]?.getByRole('button').click();
  for (const page of windows) await page.getByText('Order 42 is on its way.').waitFor();
  expect(failures).toEqual([]);
  const overflow = await windows[0]?.evaluate('document.documentElement.scrollWidth > innerWidth');
  expect(overflow).toBe(false);
});
