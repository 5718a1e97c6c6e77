import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { createServer as createVite, type UserConfig } from 'vite';
import { expect, it, onTestFinished } from 'vitest';
import { WebSocketService } from '../../src/backends/websocket/index.js';
import { createPushHandler, toNodeHandler } from '../../src/http/index.js';
import { createPushService, userChannels } from '../../src/index.js';
import { codeBlocks } from '../docs/document.js';
import { listenInTest } from '../support/test-server.js';
import { useBrowser } from './setup.js';

const root = join(import.meta.dirname, '../..');
const browser = useBrowser();

const html = `<!doctype html><link rel="icon" href="data:,"><body></body>
  <script type="module" src="/main.jsx"></script>`;
const main = `
  import { createRoot } from 'react-dom/client';
  import { Orders } from './orders.jsx';
  import { PushProvider } from './push-provider.jsx';

  createRoot(document.body).render(
    <PushProvider user="ann">
      <Orders channel="private-orders" />
      <Orders channel="private-payroll" />
    </PushProvider>,
  );
`;

/** The files of docs/react.md, in a folder that Vite serves as the document says. @returns the address of the page */
async function startVite(applicationPort: number): Promise<string> {
  // Inside the repository, so that the page finds the packages that it imports.
  const folder = mkdtempSync(join(import.meta.dirname, '.run-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  mkdirSync(join(folder, 'node_modules'));
  symlinkSync(root, join(folder, 'node_modules/pushrail'));
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  writeFileSync(join(folder, 'index.html'), html);
  writeFileSync(join(folder, 'main.jsx'), main);
  for (const { file, text } of codeBlocks(join(root, 'docs/react.md'))) {
    const name = file ?? (text.includes('proxy:') ? 'vite.config.js' : 'other.jsx');
    writeFileSync(join(folder, name), text.replaceAll('8080', String(applicationPort)));
  }
  const { default: config } = (await import(pathToFileURL(join(folder, 'vite.config.js')).href)) as {
    default: UserConfig;
  };
  const vite = await createVite({
    ...config,
    server: { ...config.server, host: '127.0.0.1', port: 0, fs: { allow: [root] } },
    root: folder,
    cacheDir: join(folder, 'cache'),
    configFile: false,
    logLevel: 'error',
  });
  onTestFinished(() => vite.close());
  await vite.listen();
  return `http://127.0.0.1:${(vite.httpServer?.address() as AddressInfo | undefined)?.port}/`;
}

it('the provider of docs/react.md connects a page through Vite’s proxy, and shows what comes and what is refused', async () => {
  const backend = new WebSocketService({ appId: '1001', pubKey: 'shop-key', secretKey: 'keep-this-to-yourself' });
  const push = createPushService({ backend, sessions: userChannels({ prefix: 'private-user-' }) });
  onTestFinished(() => push.close());
  push.authorize('private-orders', ({ user }) => user === 'ann');
  const application = createServer(toNodeHandler(createPushHandler(push, { authenticate: () => 'ann' })));
  (push.backend as WebSocketService).attach(application);
  const address = await startVite(await listenInTest(application));

  const page = await (await browser().newContext()).newPage();
  const errors: string[] = [];
  page.on('pageerror', ({ message }) => errors.push(message));
  await page.goto(address);
  await page.waitForFunction("document.querySelector('[role=alert]')");
  expect(await page.textContent('[role=alert]')).toContain('"private-payroll" was refused');
  expect(await page.textContent('p:not([role])')).toBe('connected, nothing shipped yet');
  await expect.poll(async () => (await push.channel('private-orders').info()).occupied).toBe(true);
  await push.channel('private-orders').trigger('order.shipped', { orderId: 42 });
  await page.waitForFunction("document.body.textContent.includes('connected, order 42 is on its way')");
  expect(errors).toEqual([]);
}, 30_000);
