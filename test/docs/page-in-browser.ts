import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { expect } from 'vitest';

/** How long a page may take to subscribe, in milliseconds. */
const PATIENCE_MS = 10_000;

const root = join(import.meta.dirname, '../..');

/** The document's server, which hands out the page and its scripts as the text tells the reader to. Prints its port. */
const program = `
  import { readFileSync } from 'node:fs';
  import { server } from './server.js';

  const files = {
    '/': ['text/html', './page.html'],
    '/pusher.min.js': ['text/javascript', ${JSON.stringify(join(root, 'node_modules/pusher-js/dist/web/pusher.min.js'))}],
    '/pushrail-client.min.js': ['text/javascript', ${JSON.stringify(join(root, 'dist/client/pushrail-client.min.js'))}],
  };
  const [application] = server.listeners('request');
  server.removeAllListeners('request');
  server.on('request', (request, response) => {
    const [type, path] = files[request.url] ?? [];
    if (path === undefined) return application(request, response);
    response.writeHead(200, { 'content-type': type }).end(readFileSync(path));
  });
  if (!server.listening) await new Promise((resolve) => server.once('listening', resolve));
  console.log(server.address().port);
`;

/**
 * Opens a page of a document in a browser, against the `server.js` of the same document: it must subscribe to its user's
 * channel, without an error.
 */
export async function openPage(browser: Browser, html: string, directory: string): Promise<void> {
  writeFileSync(join(directory, 'page.html'), html);
  const page = await browser.newPage();
  const server = spawn(process.execPath, ['--input-type=module', '--eval', program], {
    cwd: directory,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  try {
    const port = await new Promise((resolve, reject) => {
      server.once('exit', () => reject(new Error('The server of the document ended.')));
      server.stdout.once('data', (chunk) => resolve(String(chunk).trim()));
    });
    const errors: string[] = [];
    page.on('pageerror', ({ message }) => errors.push(message));
    const subscribed = new Promise<string>((resolve, reject) => {
      setTimeout(() => reject(new Error(`The page did not subscribe. ${errors.join(' ')}`)), PATIENCE_MS).unref();
      page.on('websocket', (socket) =>
        socket.on('framereceived', ({ payload }) => {
          if (String(payload).includes('subscription_succeeded')) resolve(String(payload));
        }),
      );
    });
    await page.goto(`http://127.0.0.1:${port}/`);
    expect(JSON.parse(await subscribed)).toMatchObject({ channel: expect.stringMatching(/^[\w-]{24}$/) });
    expect(errors).toEqual([]);
  } finally {
    await page.close();
    server.kill();
  }
}
