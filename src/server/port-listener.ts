import type { Server } from 'node:http';
import { ConfigurationError } from '../core/errors.js';
import type { PortTaker } from './attachment.js';
import type { ListeningAddress } from './public-types.js';
import { isWebSocketUpgrade, serveWithoutUpgrade } from './upgrade.js';

/** How long a listener waits for others, in milliseconds. */
export interface ListenerTimes {
  /** For the last answers, when it closes. */
  readonly closeTimeoutMs: number;
  /** For a request to arrive. */
  readonly requestTimeoutMs: number;
}

/** The address to listen on. */
export interface ListenAt {
  /** 0 takes a free one. */
  readonly port: number;
  /** @default every interface */
  readonly host: string | undefined;
  /** The names of the options that the two come from, for errors. */
  readonly options: { readonly port: string; readonly host: string };
}

/** An HTTP server of the embedded server's own. It takes every request that arrives at its port. */
export class PortListener {
  readonly #server: Server;
  readonly #closeTimeoutMs: number;

  constructor(taker: PortTaker, { closeTimeoutMs, requestTimeoutMs }: ListenerTimes) {
    this.#closeTimeoutMs = closeTimeoutMs;
    // Importing node:http as an ES module loads all that it exports, fetch included, which costs 20 ms: only who
    // listens loads it.
    const { createServer } = process.getBuiltinModule('node:http');
    const options = {
      headersTimeout: requestTimeoutMs,
      // The HTTP API answers a late body itself. This is for bodies that go on after the answer.
      requestTimeout: 2 * requestTimeoutMs,
      // Both are only looked at now and then: by default every 30 s, and a silent socket would stay for as long.
      connectionsCheckingInterval: Math.ceil(requestTimeoutMs / 4),
      shouldUpgradeCallback: isWebSocketUpgrade,
    };
    this.#server = createServer(options, (request, response) => taker.request(request, response));
    this.#server.on('upgrade', (request, socket, head) => {
      if (isWebSocketUpgrade(request)) taker.upgrade(request, socket, head);
      else serveWithoutUpgrade(this.#server, request, socket, head);
    });
  }

  get address(): ListeningAddress | undefined {
    const address = this.#server.address();
    return address === null || typeof address === 'string' ? undefined : { host: address.address, port: address.port };
  }

  /** @throws ConfigurationError when it cannot listen on the port, with the reason and the remedy */
  async listen({ port, host, options }: ListenAt): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const fail = (cause: Error): void => {
        const where = host === undefined ? `port ${port}` : `${host}:${port}`;
        const message = `The websocket backend cannot listen on ${where}: ${advice(cause, options)}`;
        reject(new ConfigurationError(message, { backend: 'websocket', cause }));
      };
      this.#server.once('error', fail);
      this.#server.listen({ port, ...(host !== undefined && { host }) }, () => {
        this.#server.removeListener('error', fail);
        resolve();
      });
    });
  }

  /**
   * Takes no new connections. Resolves when all requests have been answered; after the time-out it cuts those that are
   * left.
   */
  async close(): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(() => {
        this.#server.closeAllConnections();
        // The server's own end is not waited for: it waits for upgraded sockets too, and some may never end.
        resolve();
      }, this.#closeTimeoutMs);
      this.#server.close(() => {
        clearTimeout(timer);
        resolve();
      });
      this.#server.closeIdleConnections();
    });
  }
}

function advice(error: unknown, { port, host }: ListenAt['options']): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'EADDRINUSE')
    return `another program listens there already. End it, or set another "${port}" in the options (0 takes a free one). If it is the server that you mean to send to, take the backend "remote".`;
  if (code === 'EACCES') return `this user is not allowed to. Set a "${port}" of 1024 or above in the options.`;
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND')
    return `this machine has no such address. Set another "${host}" in the options, or none.`;
  return error instanceof Error ? error.message : String(error);
}
