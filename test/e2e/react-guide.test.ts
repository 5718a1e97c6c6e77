import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { createServer as createVite, type UserConfig } from 'vite';
import { expect, it, onTestFinished } from 'vitest';
import { WebSocketService } from '../../src/backends/websocket/index.js';
import { createPushHandler, toNodeHandler } from '../../src/http/index.js';
import { createPushService, memorySessions } from '../../src/index.js';
import { codeBlocks } from '../docs/document.js';
import { listenInTest } from '../support/test-server.js';
import { useBrowser } from './setup.js';

const root = join(import.meta.dirname, '../..');
const browser = useBrowser();

const html = `<!doctype html><link rel="icon" href="data:,"><body></body>
  <script type="module" src="/main.jsx"></script>`;
const main = `
  import { createRoot } from 'react-dom/client';
  import { MyOrders } from './my-orders.jsx';
  import { Orders } from './orders.jsx';
  import { PushProvider } from './push-provider.jsx';

  createRoot(document.body).render(
    <PushProvider user="ann">
      <Orders channel="private-orders" />
      <Orders channel="private-payroll" />
      <MyOrders />
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
  const sessions = memorySessions();
  const push = createPushService({ backend, sessions });
  onTestFinished(() => push.close());
  push.authorize('private-orders', ({ user }) => user === 'ann');
  await sessions.add('ann', 'private-session-present');
  // The application fails at first. Then it forgets the session whose channel it has just handed out.
  let asked = 0;
  const session = ({ url }: Request): { channelId: string; userId: string } => {
    const isForgotten = url.endsWith('/config') && asked === 2;
    return { channelId: `private-session-${isForgotten ? 'forgotten' : 'present'}`, userId: 'ann' };
  };
  const pushRoutes = toNodeHandler(createPushHandler(push, { authenticate: () => 'ann', session }));
  const application = createServer((request, response) => {
    if (request.url === '/push/config' && ++asked === 1) response.writeHead(503).end();
    else void pushRoutes(request, response);
  });
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
  const own = push.channel('private-session-present');
  await expect.poll(async () => (await own.info()).occupied, { timeout: 10_000 }).toBe(true);
  await push.send({ event: 'order.shipped', users: 'ann', data: { orderId: 43 } });
  await page.waitForFunction("document.body.textContent.includes('2 of your orders shipped')");
  expect(asked).toBe(3);
  expect(errors).toEqual([]);
}, 30_000);
