import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { heard, JsClientClass } from '../server/support/js-client.js';
import { type RunningExample, runExample } from './running-example.js';

const files = ['express.js', 'fastify.js', 'fastify-secure-session.js', 'hono.js', 'web.js'];

/** A browser, as far as its cookies go. */
class Browser {
  readonly #url: string;
  #cookie: string | undefined;

  constructor(url: string) {
    this.#url = url;
  }

  /** Whether the server has set a cookie. */
  get hasCookie(): boolean {
    return this.#cookie !== undefined;
  }

  async fetch(path: string, init: RequestInit = {}): Promise<Response> {
    const headers = { cookie: this.#cookie ?? '' };
    const response = await fetch(this.#url + path, { ...init, headers });
    const [set] = response.headers.getSetCookie();
    if (set !== undefined) this.#cookie = set.split(';')[0];
    return response;
  }

  async config(): Promise<{ readonly channels: readonly [string]; readonly userId?: string }> {
    return (await (await this.fetch('/push/config')).json()) as { channels: [string] };
  }

  async post(path: string): Promise<void> {
    expect((await this.fetch(path, { method: 'POST' })).status).toBe(204);
  }

  authorise(channel: string, socketId = '1.2'): Promise<Response> {
    const body = new URLSearchParams({ socket_id: socketId, channel_name: channel });
    return this.fetch('/push/auth', { method: 'POST', body });
  }

  /** `pusher-js` in a page of this browser, as it hears a channel. */
  page(): InstanceType<typeof JsClientClass> {
    const { hostname, port } = new URL(this.#url);
    const client = new JsClientClass('shop-key', {
      cluster: '',
      wsHost: hostname,
      wsPort: Number(port),
      forceTLS: false,
      enabledTransports: ['ws'],
      channelAuthorization: {
        endpoint: '',
        transport: 'ajax',
        customHandler: ({ socketId, channelName }, callback) =>
          void this.authorise(channelName, socketId)
            .then((answer) => answer.json())
            .then((answer) => callback(null, answer as never)),
      },
    });
    onTestFinished(() => client.disconnect());
    return client;
  }
}

describe('the examples frameworks/sessions', () => {
  const running = new Map<string, RunningExample>();

  beforeAll(async () => {
    await Promise.all(
      files.map(async (file) => void running.set(file, await runExample(`frameworks/sessions/${file}`))),
    );
  });
  afterAll(async () => {
    const endings = await Promise.all([...running.values()].map((example) => example.stop()));
    expect(endings).toEqual(files.map(() => ({ code: 0, signal: null })));
  });

  function browserOf(file: string): Browser {
    return new Browser(running.get(file)?.url ?? '');
  }

  async function ship(file: string, customer: string): Promise<string> {
    return (await browserOf(file).fetch(`/ship?to=${customer}`, { method: 'POST' })).text();
  }

  it.each(files)(
    '%s reaches a user from log-in to log-out, each time on a channel of the session alone',
    async (file) => {
      const browser = browserOf(file);
      const {
        channels: [before],
      } = await browser.config();
      expect(before).toMatch(/^private-session-[\w-]{24}$/);
      expect((await browser.config()).channels).toEqual([before]);
      expect(await ship(file, 'ann')).toBe('unreachable');

      await browser.post('/login?user=ann');
      const {
        channels: [own],
        userId,
      } = await browser.config();
      expect([own === before, userId]).toEqual([false, 'ann']);
      const channel = browser.page().subscribe(own);
      await heard(channel, 'pusher:subscription_succeeded');
      const shipped = heard(channel, 'order.shipped');
      expect(await ship(file, 'ann')).toBe('accepted');
      expect(await shipped).toEqual({ orderId: 42 });

      const stranger = browserOf(file);
      await stranger.post('/login?user=ben');
      expect((await stranger.authorise(own)).status).toBe(403);
      expect((await browserOf(file).authorise(own)).status).toBe(401);

      await browser.post('/logout');
      expect(await ship(file, 'ann')).toBe('unreachable');
      expect([before, own]).not.toContain((await browser.config()).channels[0]);
      expect(await ship(file, 'ben')).toBe('accepted');
    },
  );

  it.each(files)('%s gives a visitor who asks for nothing no cookie', async (file) => {
    const browser = browserOf(file);
    await browser.authorise('private-elsewhere');
    await browser.fetch('/ship?to=nobody', { method: 'POST' });
    expect(browser.hasCookie).toBe(false);
  });
});
