import {
  type ClientRequest,
  createServer,
  Agent as HttpAgent,
  type IncomingMessage,
  request,
  type Server,
} from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { connect as connectTls } from 'node:tls';
import { listenInTest } from '../../../support/test-server.js';

/** An HTTP proxy, for plain requests and for tunnels; closed at the end of the test. */
export interface Proxy {
  readonly port: number;
  /** The addresses that it was asked for. */
  readonly asked: readonly string[];
}

export async function startProxy(): Promise<Proxy> {
  const asked: string[] = [];
  const server: Server = createServer((incoming, response) => {
    asked.push(incoming.url ?? '');
    const { method, headers, url = '' } = incoming;
    const onward = request(url, { method: method ?? 'GET', headers }, (answer: IncomingMessage) => {
      response.writeHead(answer.statusCode ?? 500, answer.headers);
      answer.pipe(response);
    });
    incoming.pipe(onward);
  });
  server.on('connect', (incoming: IncomingMessage, client: Duplex) => {
    asked.push(incoming.url ?? '');
    const { hostname, port } = new URL(`http://${incoming.url}`);
    const onward = connect(Number(port), hostname, () => {
      client.write('HTTP/1.1 200 Connection Established\r\n\r\n');
      onward.pipe(client).pipe(onward);
    });
    client.on('error', () => onward.destroy());
    onward.on('error', () => client.destroy());
  });
  return { port: await listenInTest(server), asked };
}

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
