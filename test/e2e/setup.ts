import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest';
import { createPushService, memorySessions, type PushService } from '../../src/index.js';
import { Application } from './application.js';
import { connectBrowser } from './browser.js';

/** A browser for the tests of a file; the pages of each test are closed after it, before what was set up earlier. */
export function useBrowser(): () => Browser {
  let browser: Browser;
  beforeAll(async () => {
    browser = await connectBrowser();
  }, 60_000);
  afterEach(async () => {
    for (const context of browser.contexts()) await context.close();
  });
  afterAll(async () => {
    await browser?.close();
  });
  return () => browser;
}

/** What runs while a test does. */
export interface RunningApplication {
  readonly service: PushService;
  readonly application: Application;
  readonly origin: string;
}

/** For each test of a file, an application with the embedded server on a port of its own. */
export function useApplication(): () => RunningApplication {
  let running: RunningApplication;
  beforeEach(async () => {
    const sessions = memorySessions();
    const service = createPushService({
      backend: 'websocket',
      appId: 'app',
      pubKey: 'key',
      secretKey: 'secret',
      options: { port: 0, host: '127.0.0.1' },
      sessions,
    });
    await service.ready();
    const application = new Application({ service, sessions });
    running = { service, application, origin: await application.listen() };
  });
  afterEach(async () => {
    await running.application.close();
    await running.service.close();
  });
  return () => running;
}
