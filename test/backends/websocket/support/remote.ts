import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import { RemoteWebSocketService, type WebSocketService } from '../../../../src/backends/websocket.js';
import { credentials, portOf } from './server.js';

export function remoteAt(port: number, change: object = {}): RemoteWebSocketService {
  const service = new RemoteWebSocketService({ ...credentials, ...change, options: { host: '127.0.0.1', port } });
  onTestFinished(() => service.close());
  return service;
}

export function remoteOf(service: WebSocketService, change: object = {}): RemoteWebSocketService {
  return remoteAt(portOf(service), change);
}

/** A server that answers as a test wants. */
export async function fakeServer(handler: RequestListener): Promise<number> {
  const server = createServer(handler).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  return (server.address() as AddressInfo).port;
}
