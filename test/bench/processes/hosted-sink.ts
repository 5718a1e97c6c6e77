import { readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { Duplex } from 'node:stream';
import { listen } from '../../support/ports.ts';
import { slowLink } from '../wire/slow-link.ts';
import { answer } from './answer.ts';

/** Providers that take whatever they are sent, over TLS, at the end of a slow line. */
export interface HostedSinkCommands {
  /** Starts them all. @param delayMs of the line, each way, in milliseconds */
  listen(delayMs: number): Promise<Record<Provider, number>>;
  /** What came in since it was last asked. @param hangsUp whether the connections are then closed */
  counted(hangsUp?: boolean): Counts;
}

export type Provider = 'pusher' | 'pubnub' | 'onesignal';

/** Requests, and the most connections that were open at once. */
export interface Counts {
  readonly requests: number;
  readonly mostConnections: number;
}

const answers: Readonly<Record<Provider, string>> = {
  pusher: '{}',
  pubnub: '[1,"Sent","17000000000000000"]',
  onesignal: '{"id":"c6c3b1d0-0000-4000-8000-000000000000"}',
};
const tlsFolder = new URL('../../support/tls/', import.meta.url);
const tls = {
  key: readFileSync(new URL('localhost-key.pem', tlsFolder)),
  cert: readFileSync(new URL('localhost-cert.pem', tlsFolder)),
};
let requests = 0;
const open = new Set<Duplex>();
let mostConnections = 0;

async function start(provider: Provider, delayMs: number): Promise<number> {
  const server = createServer(tls, (request: IncomingMessage, response: ServerResponse) => {
    requests++;
    request.resume();
    request.on('end', () => response.setHeader('Content-Type', 'application/json').end(answers[provider]));
  });
  server.keepAliveTimeout = 60_000;
  server.on('connection', (socket) => {
    open.add(socket);
    mostConnections = Math.max(mostConnections, open.size);
    socket.on('close', () => open.delete(socket));
  });
  return slowLink(await listen(server), delayMs);
}

answer<HostedSinkCommands>({
  async listen(delayMs) {
    const [pusher, pubnub, onesignal] = await Promise.all(
      (['pusher', 'pubnub', 'onesignal'] as const).map((provider) => start(provider, delayMs)),
    );
    return { pusher, pubnub, onesignal } as Record<Provider, number>;
  },
  counted(hangsUp = false) {
    const counts = { requests, mostConnections };
    if (hangsUp) {
      for (const socket of open) socket.destroy();
      open.clear();
    }
    requests = 0;
    mostConnections = open.size;
    return counts;
  },
});
