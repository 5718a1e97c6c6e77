import { once } from 'node:events';
import { createServer, request as forward, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

/** A proxy that serves another server under a prefix, which it takes off: `/ws/app/KEY` is `/app/KEY` there. */
export interface PrefixProxy {
  readonly port: number;
  /** The paths that were asked for, without their queries, in order. */
  readonly paths: readonly string[];
}

export async function startPrefixProxy(prefix: string, targetPort: number): Promise<PrefixProxy> {
  const paths: string[] = [];
  const ask = ({ url = '', method, headers }: IncomingMessage) => {
    paths.push(url.split('?')[0] ?? '');
    const path = url.startsWith(`${prefix}/`) ? url.slice(prefix.length) : '/not-here';
    return forward({ host: '127.0.0.1', port: targetPort, path, method, headers, agent: false });
  };
  const server = createServer((incoming, response) => {
    const asked = ask(incoming);
    asked.on('response', (answer) => {
      response.writeHead(answer.statusCode ?? 500, answer.headers);
      answer.pipe(response);
    });
    asked.on('error', () => response.destroy());
    incoming.pipe(asked);
  });
  server.on('upgrade', (incoming, socket) => {
    const asked = ask(incoming);
    asked.on('upgrade', (answer, upstream, head) => {
      upstream.unshift(head);
      const { rawHeaders } = answer;
      const lines = rawHeaders.flatMap((name, index) => (index % 2 === 0 ? [`${name}: ${rawHeaders[index + 1]}`] : []));
      socket.write(`HTTP/1.1 101 Switching Protocols\r\n${lines.join('\r\n')}\r\n\r\n`);
      upstream.pipe(socket).pipe(upstream);
      for (const [one, other] of [
        [socket, upstream],
        [upstream, socket],
      ] as const) {
        one.on('error', () => other.destroy());
        one.on('close', () => other.destroy());
      }
    });
    asked.on('response', () => socket.destroy());
    asked.on('error', () => socket.destroy());
    asked.end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  return { port: (server.address() as AddressInfo).port, paths };
}
