import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { text } from 'node:stream/consumers';
import { setTimeout as pause } from 'node:timers/promises';
import { onTestFinished } from 'vitest';
import { listen } from '../support/ports.js';
import type { Sent } from './processes/http-backend.js';

/** A provider on this machine that writes down what arrives. */
export class Provider {
  readonly arrivals: Sent[] = [];
  readonly port: number;
  /** Whether it takes requests and never answers them. */
  isSilent = false;
  #server: Server;
  readonly #slowestMs: number;

  private constructor(server: Server, port: number, slowestMs: number) {
    this.#server = server;
    this.port = port;
    this.#slowestMs = slowestMs;
  }

  /**
   * It ends with the test.
   * @param slowestMs the longest time that it takes for an answer; each takes another one
   */
  static async start(slowestMs = 0): Promise<Provider> {
    const server = createServer();
    const provider = new Provider(server, await listen(server), slowestMs);
    provider.#serve(server);
    onTestFinished(() => provider.goAway());
    return provider;
  }

  /** The ids of the messages that arrived, each once. */
  get ids(): ReadonlySet<string> {
    return new Set(this.arrivals.map(({ id }) => id));
  }

  /** Refuses connections from now on, and breaks off those that stand. */
  async goAway(): Promise<void> {
    if (!this.#server.listening) return;
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, 'close');
  }

  async comeBack(): Promise<void> {
    const server = createServer();
    this.#serve(server);
    this.#server = server.listen(this.port, '127.0.0.1');
    await once(server, 'listening');
  }

  #serve(server: Server): void {
    server.on('request', async (request, response) => {
      if (this.isSilent) return;
      try {
        // It has arrived when all of it is there, whatever becomes of who has sent it.
        this.arrivals.push(JSON.parse(await text(request)) as Sent);
      } catch {
        return;
      }
      if (this.#slowestMs > 0) await pause(Math.random() * this.#slowestMs);
      response.end();
    });
  }
}
