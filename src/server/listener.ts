import type { Server } from 'node:http';
import { ConfigurationError } from '../core/errors.js';
import type { ListeningAddress } from './api.js';
import type { RequestTaker } from './attachment.js';
import { isWebSocketUpgrade, serveWithoutUpgrade } from './upgrade.js';

/** A server of our own, on `options.port`. All that arrives there is ours. */
export class Listener {
  readonly #server: Server;
  readonly #closeTimeoutMs: number;

  constructor(taker: RequestTaker, closeTimeoutMs: number, requestTimeoutMs: number) {
    this.#closeTimeoutMs = closeTimeoutMs;
    // The API answers late bodies itself; this ends those that it has answered already, and late headers.
    // Importing node:http as an ES module loads all that it exports, fetch included: 20 ms for those who do not listen.
    const { createServer } = process.getBuiltinModule('node:http');
    const options = { requestTimeout: 2 * requestTimeoutMs, shouldUpgradeCallback: isWebSocketUpgrade };
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

  /** @throws ConfigurationError when the port cannot be had */
  async listen(port: number, host: string | undefined): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const fail = (cause: Error): void => {
        const message = `The websocket backend cannot listen on ${host ?? 'port'} ${port}: ${advice(cause)}`;
        reject(new ConfigurationError(message, { backend: 'websocket', cause }));
      };
      this.#server.once('error', fail);
      this.#server.listen({ port, ...(host !== undefined && { host }) }, () => {
        this.#server.removeListener('error', fail);
        resolve();
      });
    });
  }

  /** Takes no new connections; resolves when the requests that are there have been answered, or cut after the time-out. */
  async close(): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(() => {
        this.#server.closeAllConnections();
        // Not waiting for their end: the server itself waits for upgraded sockets too, and some may never end.
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

function advice(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'EADDRINUSE')
    return 'another program listens there already. End it, or set another "port" in the options (0 takes a free one).';
  if (code === 'EACCES') return 'this user may not. Set a "port" of 1024 or above in the options.';
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND')
    return 'this machine has no such address. Set another "host" in the options, or none.';
  return error instanceof Error ? error.message : String(error);
}
