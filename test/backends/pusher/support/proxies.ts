import { type ClientRequest, Agent as HttpAgent, type IncomingMessage, request } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { connect as connectTls } from 'node:tls';

/** Sends plain requests to a proxy, with the whole address for their path. */
export class PlainProxyAgent extends HttpAgent {
  readonly #port: number;

  constructor(port: number) {
    super({ keepAlive: true });
    this.#port = port;
  }

  addRequest(outgoing: ClientRequest, options: object): void {
    outgoing.path = `http://${String(outgoing.getHeader('host'))}${outgoing.path}`;
    const add = Reflect.get(HttpAgent.prototype, 'addRequest') as (outgoing: ClientRequest, options: object) => void;
    add.call(this, outgoing, { ...options, host: '127.0.0.1', port: this.#port });
  }
}

/** Asks a proxy for a tunnel, and speaks TLS within it. */
export class TunnelAgent extends HttpsAgent {
  readonly #port: number;

  constructor(port: number, ca: string) {
    super({ keepAlive: true, ca });
    this.#port = port;
  }

  override createConnection(
    options: { host?: string; port?: number; ca?: string },
    callback: (error: Error | null, socket: Duplex) => void,
  ): undefined {
    const target = `${options.host}:${options.port}`;
    const tunnel = request({ host: '127.0.0.1', port: this.#port, method: 'CONNECT', path: target, agent: false });
    tunnel.once('connect', (_answer: IncomingMessage, socket: Socket) =>
      callback(null, connectTls({ ...options, socket })),
    );
    tunnel.once('error', (error) => callback(error, tunnel.socket as Socket));
    tunnel.end();
  }
}
