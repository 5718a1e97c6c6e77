import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { BrowserServer } from 'playwright-core';
import type { TestProject } from 'vitest/node';
import { startChromium } from './chromium.js';

declare module 'vitest' {
  export interface ProvidedContext {
    /** Answers with the address of the Chromium that all test files share. */
    browserStarter: string;
  }
}

/** One Chromium for a whole run. The first file that asks starts it, so that a run without pages starts none. */
let browser: Promise<BrowserServer> | undefined;

const starter = createServer((_, response) => {
  browser ??= startChromium();
  browser.then(
    (started) => response.end(started.wsEndpoint()),
    (error: unknown) => response.writeHead(500).end(String(error)),
  );
});

export async function setup(project: TestProject): Promise<void> {
  starter.listen(0, '127.0.0.1');
  await once(starter, 'listening');
  project.provide('browserStarter', `http://127.0.0.1:${(starter.address() as AddressInfo).port}/`);
}

export async function teardown(): Promise<void> {
  starter.close();
  starter.closeAllConnections();
  // One that did not start has failed its tests already.
  const started = await browser?.catch(() => undefined);
  await started?.close();
}
