import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { CommandFailed } from './arguments.js';

/** What a worker is told to answer about itself. */
export interface Health {
  /** Whether it does its work. */
  readonly isUp: boolean;
  /** The answer, as JSON. */
  readonly body: object;
}

interface Page {
  readonly status: number;
  readonly body: object;
}

/** A port that answers `GET /up`: 200 when all is well, else 503. */
export interface HealthPort extends AsyncDisposable {
  readonly address: string;
}

/**
 * Listens.
 * @param port 0 takes a free one
 * @throws CommandFailed when it cannot
 */
export async function openHealthPort(port: number, host: string, health: () => Health): Promise<HealthPort> {
  const { createServer } = process.getBuiltinModule('node:http');
  const server = createServer((request, response) => answer(request, response, health));
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) =>
      reject(new CommandFailed(`The worker cannot listen on ${host}:${port}: ${cause.message}`, { cause })),
    );
    server.listen(port, host, resolve);
  });
  const { address, family, port: taken } = server.address() as AddressInfo;
  return {
    address: `http://${family === 'IPv6' ? `[${address}]` : address}:${taken}/up`,
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function answer({ url, method }: IncomingMessage, response: ServerResponse, health: () => Health): void {
  const { status, body } = page(url?.split('?')[0], method, health);
  response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' });
  response.end(`${JSON.stringify(body)}\n`);
}

function page(path: string | undefined, method: string | undefined, health: () => Health): Page {
  if (path !== '/up') return { status: 404, body: { error: 'Ask for /up.' } };
  if (method !== 'GET' && method !== 'HEAD') return { status: 405, body: { error: 'Ask by GET.' } };
  const { isUp, body } = health();
  return { status: isUp ? 200 : 503, body };
}
