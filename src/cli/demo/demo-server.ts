import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { inspect } from 'node:util';
import { WebSocketService } from '../../backends/websocket/index.js';
import {
  createPushService,
  type MemorySessions,
  memorySessions,
  PushError,
  type PushService,
  type PushSession,
  type SendReport,
} from '../../index.js';
import { CommandFailed } from '../arguments.js';
import { demoPage } from './page.js';

const { resolve } = createRequire(import.meta.url);

/** The channel that every page of the demo subscribes to. */
const COMMON_CHANNEL = 'news';
/** The users who can sign in. */
export const demoUsers: readonly string[] = ['ann', 'ben'];

type Route = (request: IncomingMessage) => Promise<{ type: string; body: string | Buffer }>;

/** The demo's application: a page, log-in, and a form that sends. The embedded server is attached to it. */
export class DemoServer implements AsyncDisposable {
  readonly service: PushService;
  readonly #sessions: MemorySessions = memorySessions();
  readonly #server: Server;
  readonly #routes: Readonly<Record<string, Route>> = {
    'GET /': async () => ({ type: 'text/html; charset=utf-8', body: demoPage(demoUsers, COMMON_CHANNEL) }),
    'GET /pusher.js': () => script(pusherScript()),
    'GET /pushrail-client.js': () => script(resolve('pushrail/client/pushrail-client.min.js')),
    'POST /login': async (request) => json(await this.#logIn(await jsonBody(request))),
    'POST /logout': async (request) => json(await this.#logOut(await jsonBody(request))),
    'POST /send': async (request) => json(await this.#send(await jsonBody(request))),
  };

  constructor() {
    const backend = new WebSocketService({
      appId: '1001',
      pubKey: randomBytes(8).toString('hex'),
      secretKey: randomBytes(16).toString('hex'),
      // The other nodes of an application are not for it, whatever the environment says.
      options: { relay: false },
    });
    this.service = createPushService({ backend, sessions: this.#sessions, messages: false });
    this.#server = createServer((request, response) => void this.#answer(request, response));
    backend.attach(this.#server);
  }

  /**
   * Listens on a port of this machine.
   * @param orElseAnyPort whether any free port will do when this one cannot be used
   * @throws CommandFailed when the port cannot be used and no other will do
   */
  async listen(port: number, { orElseAnyPort }: { orElseAnyPort: boolean }): Promise<void> {
    try {
      await this.#listenOn(port);
    } catch (error) {
      if (!orElseAnyPort) {
        const why = error instanceof Error && 'code' in error ? ` (${error.code})` : '';
        throw new CommandFailed(`Port ${port} cannot be used${why}: choose another with --port.`, { cause: error });
      }
      await this.#listenOn(0);
    }
  }

  get url(): string {
    return `http://localhost:${this.port}/`;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
    await this.service.close();
  }

  /** Opens a session for a user, as a page does. */
  logIn(user: string): Promise<PushSession> {
    return this.#sessions.add(user);
  }

  /** Ends one session of a user. */
  logOut(user: string, channelId: string): Promise<void> {
    return this.#sessions.remove(user, channelId);
  }

  async #logIn({ user }: Record<string, unknown>): Promise<object> {
    if (typeof user !== 'string' || !demoUsers.includes(user))
      throw new BadRequest(`Only ${demoUsers.join(' and ')} can sign in.`);
    return this.service.clientConfig({ session: await this.logIn(user) });
  }

  async #logOut({ user, channelId }: Record<string, unknown>): Promise<object> {
    if (typeof user === 'string' && typeof channelId === 'string') await this.logOut(user, channelId);
    return {};
  }

  async #send({ to, text: said }: Record<string, unknown>): Promise<object> {
    if (typeof to !== 'string' || typeof said !== 'string') throw new BadRequest('Say what to send, and to whom.');
    const audience = demoUsers.includes(to) ? { users: to } : { channels: to };
    const options = { event: 'demo.message', ...audience, data: { text: said } };
    const report = await this.service.send(options);
    const code = `const report = await PushService.send(${inspect(options, { breakLength: 56 })});`;
    return { status: report.status, channels: report.channels.length, code, report: shown(report) };
  }

  #listenOn(port: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(port, '127.0.0.1', () => {
        this.#server.off('error', reject);
        resolve();
      });
    });
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const route = this.#routes[`${request.method} ${new URL(request.url ?? '/', this.url).pathname}`];
      if (route === undefined) throw new BadRequest('There is no such page.', 404);
      const { type, body } = await route(request);
      response.writeHead(200, { 'content-type': type, 'cache-control': 'no-store' }).end(body);
    } catch (error) {
      const isTheirs = error instanceof BadRequest || error instanceof PushError;
      const status = error instanceof BadRequest ? error.status : isTheirs ? 400 : 500;
      const message = isTheirs ? error.message : 'The demo failed.';
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify({ error: message }));
    }
  }
}

/** A report as a console prints it, in lines that a phone has room for. */
function shown({ durationMs, ...report }: SendReport): string {
  return inspect({ ...report, durationMs: Math.round(durationMs * 10) / 10 }, { breakLength: 56 });
}

class BadRequest extends Error {
  readonly status: number;

  constructor(message: string, status = 400) {
    super(message);
    this.status = status;
  }
}

function json(value: object): { type: string; body: string } {
  return { type: 'application/json', body: JSON.stringify(value) };
}

async function script(file: string): Promise<{ type: string; body: Buffer }> {
  return { type: 'text/javascript; charset=utf-8', body: await readFile(file) };
}

/** The path of the one-file build of pusher-js for pages, found from its main module. */
function pusherScript(): string {
  return join(resolve('pusher-js'), '../../web/pusher.min.js');
}

/**
 * Reads a JSON body. Other types are refused: pages of other sites can send them, but JSON only after a preflight
 * request.
 */
async function jsonBody(request: IncomingMessage): Promise<Record<string, unknown>> {
  if (!request.headers['content-type']?.startsWith('application/json'))
    throw new BadRequest('The body must be JSON.', 415);
  try {
    const value: unknown = JSON.parse(await text(request));
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    throw new BadRequest('The body is not JSON.');
  }
}
