import { readFileSync } from 'node:fs';
import { createServer as createPlainServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { Fault } from './faults.js';
import { type ProviderAnswer, respond } from './provider-answer.js';

const tlsFolder = join(import.meta.dirname, '../support/tls');
/** The certificate of `localhost` and 127.0.0.1 that {@link ProviderServer} shows over TLS: what a client has to trust. */
export const certificate: string = readFileSync(join(tlsFolder, 'localhost-cert.pem'), 'utf8');
const key = readFileSync(join(tlsFolder, 'localhost-key.pem'), 'utf8');

/** A request as it came in, with its whole body. */
export interface ProviderRequest {
  readonly method: string;
  /** Without the query, percent-encoded as it came. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
  /** The body as it came, where it is compressed. */
  readonly rawBody: Buffer;
  /** Fires when the client hangs up before it is answered. */
  readonly hungUp: AbortSignal;
}

/** What a provider does with a request, when no fault is set. */
export type Behaviour = (request: ProviderRequest) => ProviderAnswer | Promise<ProviderAnswer>;

/**
 * A local HTTP or HTTPS server that behaves like a provider: `behaviour` answers, `faults` go wrong. Each request takes the first of
 * `faults`, until there is none left; `always` is the fault of every request after that.
 */
export class ProviderServer {
  /** Every request that came in whole, in order. */
  readonly requests: ProviderRequest[] = [];
  readonly faults: (Fault | undefined)[] = [];
  /** How late the next requests come to the provider, one after the other, in milliseconds. */
  readonly delays: number[] = [];
  always: Fault | undefined;
  /** Connections that were opened, and the most that were open at once. */
  connections = 0;
  mostConnections = 0;
  readonly #open = new Set<Socket>();
  readonly #server: Server;
  readonly #behaviour: Behaviour;
  readonly #tls: boolean;

  private constructor(behaviour: Behaviour, tls: boolean) {
    this.#behaviour = behaviour;
    this.#tls = tls;
    const listener = (request: IncomingMessage, response: ServerResponse): void => void this.#answer(request, response);
    this.#server = tls ? createTlsServer({ key, cert: certificate }, listener) : createPlainServer(listener);
    this.#server.on('connection', (socket) => this.#count(socket));
    this.#server.keepAliveTimeout = 60_000;
  }

  /** @param options `tls`: speak HTTPS, with {@link certificate} */
  static async start(behaviour: Behaviour, options: { tls?: boolean } = {}): Promise<ProviderServer> {
    const server = new ProviderServer(behaviour, options.tls ?? false);
    await new Promise<void>((resolve) => server.#server.listen(0, '127.0.0.1', resolve));
    return server;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** As in `http://127.0.0.1:1234`. */
  get origin(): string {
    return `${this.#tls ? 'https' : 'http'}://127.0.0.1:${this.port}`;
  }

  get openConnections(): number {
    return this.#open.size;
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    for (const socket of this.#open) socket.destroy();
    await closed;
  }

  #count(socket: Socket): void {
    this.connections++;
    this.#open.add(socket);
    this.mostConnections = Math.max(this.mostConnections, this.#open.size);
    socket.on('error', () => {});
    socket.on('close', () => this.#open.delete(socket));
  }

  async #answer(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const hungUp = new AbortController();
    response.on('close', () => hungUp.abort());
    response.on('error', () => {});
    const chunks: Buffer[] = [];
    try {
      for await (const chunk of incoming) chunks.push(chunk as Buffer);
    } catch {
      return;
    }
    const rawBody = Buffer.concat(chunks);
    const url = new URL(incoming.url ?? '/', 'http://provider');
    const request: ProviderRequest = {
      method: incoming.method ?? 'GET',
      path: url.pathname,
      query: url.searchParams,
      headers: incoming.headers,
      body: rawBody.toString(),
      rawBody,
      hungUp: hungUp.signal,
    };
    const late = this.delays.shift();
    if (late !== undefined) await setTimeout(late);
    this.requests.push(request);
    const fault = this.faults.shift() ?? this.always;
    const answer = fault?.instead ? {} : await this.#behaviour(request);
    if (hungUp.signal.aborted) return;
    if (fault === undefined) respond(answer, response);
    else fault(answer, response);
  }
}
