import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import type { MemorySessions, PushService } from '../../src/index.js';
import { readForPage } from './page-files.js';

/**
 * A small web application: serves its pages, signs users in and authorises their private channels; those whose name has `guarded` in it
 * for a bearer token.
 */
export class Application {
  readonly server: Server;
  readonly #sessions: MemorySessions;
  /** What a page can load beside what {@link readForPage} finds, by path. */
  readonly files: Map<string, string> = new Map();
  /** Whether channels with `guarded` in their names need the token. */
  isGuarding = true;
  /** Replaced when a test restarts it. */
  service: PushService;

  constructor(options: { service: PushService; sessions: MemorySessions }) {
    this.service = options.service;
    this.#sessions = options.sessions;
    this.server = createServer((request, response) => {
      this.#respond(request, response).catch((error: unknown) => response.writeHead(500).end(String(error)));
    });
  }

  async listen(): Promise<string> {
    this.server.listen(0, '127.0.0.1');
    await once(this.server, 'listening');
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    this.server.close();
    this.server.closeAllConnections();
    await once(this.server, 'close');
  }

  async #respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://localhost');
    if (request.method === 'POST' && url.pathname === '/login') {
      const user = url.searchParams.get('user') ?? '';
      const session = await this.#sessions.add(user);
      response.setHeader('set-cookie', `user=${user}; HttpOnly; SameSite=Strict`);
      return json(response, await this.service.clientConfig({ session }));
    }
    const [, user] = /(?:^|; )user=(\w+)/.exec(request.headers.cookie ?? '') ?? [];
    if (request.method === 'POST' && url.pathname === '/push/auth') {
      const form = new URLSearchParams(await text(request));
      const channel = form.get('channel_name') ?? '';
      const isGuarded =
        this.isGuarding && channel.includes('guarded') && request.headers.authorization !== `Bearer ${user}'s`;
      if (user === undefined || channel.includes('forbidden') || isGuarded) return void response.writeHead(403).end();
      const member = channel.startsWith('presence-') ? { id: user, info: { name: user } } : undefined;
      return json(response, await this.service.channel(channel).authorize(form.get('socket_id') ?? '', member));
    }
    if (request.method === 'POST' && url.pathname === '/push/user-auth') {
      const form = new URLSearchParams(await text(request));
      if (user === undefined || user === 'stranger') return void response.writeHead(403).end();
      return json(response, this.service.backend.authenticateUser(form.get('socket_id') ?? '', { id: user }));
    }
    if (request.method === 'POST' && url.pathname === '/say') {
      await this.service.send({ event: 'said', channels: 'news', data: await text(request), except: request });
      return json(response, { socketId: request.headers['x-socket-id'] });
    }
    const content = this.files.get(url.pathname) ?? (await readForPage(url.pathname));
    if (content === undefined) return void response.writeHead(404).end();
    response
      .writeHead(200, { 'content-type': url.pathname.endsWith('.html') ? 'text/html' : 'text/javascript' })
      .end(content);
  }
}

function json(response: ServerResponse, body: unknown): void {
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}
