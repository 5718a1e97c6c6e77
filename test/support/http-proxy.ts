import { createServer, type IncomingMessage, request, type Server } from 'node:http';
import { connect } from 'node:net';
import type { Duplex } from 'node:stream';
import { listenInTest } from './test-server.js';

/** An HTTP proxy, for plain requests and for tunnels; closed at the end of the test. */
export interface Proxy {
  readonly port: number;
  /** The addresses that it was asked for. */
  readonly asked: readonly string[];
  /** Cuts all tunnels. */
  cut(): void;
}

/** @param login the user name and password that it wants, with a colon between them. @default anybody may use it */
export async function startProxy(login?: string): Promise<Proxy> {
  const asked: string[] = [];
  const tunnels = new Set<Duplex>();
  const wanted = login === undefined ? undefined : `Basic ${Buffer.from(login).toString('base64')}`;
  const refuses = ({ headers }: IncomingMessage): boolean =>
    wanted !== undefined && headers['proxy-authorization'] !== wanted;
  const server: Server = createServer((incoming, response) => {
    asked.push(incoming.url ?? '');
    if (refuses(incoming)) {
      response.writeHead(407).end();
      return;
    }
    const { method, headers, url = '' } = incoming;
    const onward = request(url, { method: method ?? 'GET', headers }, (answer: IncomingMessage) => {
      response.writeHead(answer.statusCode ?? 500, answer.headers);
      answer.pipe(response);
    });
    onward.on('error', () => response.destroy());
    incoming.pipe(onward);
  });
  server.on('connect', (incoming: IncomingMessage, client: Duplex) => {
    asked.push(incoming.url ?? '');
    if (refuses(incoming)) {
      client.end('HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n');
      return;
    }
    const { hostname, port } = new URL(`http://${incoming.url}`);
    const onward = connect(Number(port), hostname, () => {
      client.write('HTTP/1.1 200 Connection Established\r\n\r\n');
      onward.pipe(client).pipe(onward);
    });
    tunnels.add(client);
    client.once('close', () => tunnels.delete(client));
    client.on('error', () => onward.destroy());
    onward.on('error', () => client.destroy());
  });
  const cut = (): void => {
    for (const tunnel of tunnels) tunnel.destroy();
  };
  return { port: await listenInTest(server), asked, cut };
}
