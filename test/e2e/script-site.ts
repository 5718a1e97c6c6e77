import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { WebSocketService } from '../../src/backends/websocket/index.js';
import { createPushHandler, type NodeHandler, toNodeHandler } from '../../src/http/index.js';
import { createPushService, type MemorySessions, memorySessions, type PushService } from '../../src/index.js';
import { listen } from '../support/ports.js';
import { RecordingLogger } from '../support/recording-logger.js';

/** The nonce of the site's scripts. */
export const nonce = 'bm9uY2U';
const policy = `default-src 'none'; script-src 'nonce-${nonce}'; connect-src 'self' ws:; img-src data:`;

/** An application whose pages load `/push/client.js`, under a policy that lets in scripts by their nonce. */
export class ScriptSite implements AsyncDisposable {
  /** What was asked below `/push`. */
  readonly asked: string[] = [];
  /** Statuses with which `/push/config` fails, each once. */
  readonly failures: number[] = [];
  /** Further services, each with a `client.js` below its name. */
  readonly services: Map<string, PushService> = new Map();
  readonly sessions: MemorySessions = memorySessions();
  readonly push: PushService;
  /** Who is logged in. */
  user: string | undefined = 'ann';
  origin = '';
  readonly #server: Server;

  constructor() {
    const backend = new WebSocketService({ appId: '1001', pubKey: 'key', secretKey: 'secret' });
    this.push = createPushService({ backend, sessions: this.sessions, logger: new RecordingLogger() });
    this.push.authorize('presence-shop', ({ user }) => ({ id: String(user), info: null }));
    const handler = this.#handlerOf(this.push);
    this.#server = createServer((request, response) => this.#respond(request, response, handler));
    backend.attach(this.#server);
  }

  async start(): Promise<this> {
    this.origin = `http://127.0.0.1:${await listen(this.#server)}`;
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const service of [...this.services.values(), this.push]) await service.close();
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #handlerOf(service: PushService): NodeHandler {
    const session = async () =>
      this.user === undefined ? { channelId: 'visitors' } : this.sessions.add(this.user, `session-of-${this.user}`);
    return toNodeHandler(createPushHandler(service, { authenticate: () => this.user, session }));
  }

  #respond(request: IncomingMessage, response: ServerResponse, handler: NodeHandler): void {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://localhost');
    if (pathname === '/page') {
      response.setHeader('content-type', 'text/html').setHeader('content-security-policy', policy);
      const scripts = searchParams.getAll('script').map((src) => `<script nonce="${nonce}" src="${src}"></script>`);
      const code = `<script nonce="${nonce}">${searchParams.get('code')}</script>`;
      response.end(`<link rel="icon" href="data:,">${scripts.join('')}${code}`);
      return;
    }
    const [, name = ''] = pathname.split('/');
    const service = this.services.get(name);
    if (service !== undefined) {
      void this.#handlerOf(service)(request, response);
      return;
    }
    this.asked.push(pathname.replace('/push/', ''));
    const status = pathname === '/push/config' ? this.failures.shift() : undefined;
    if (status === undefined) void handler(request, response);
    else response.writeHead(status).end('{"error":"not now"}');
  }
}
