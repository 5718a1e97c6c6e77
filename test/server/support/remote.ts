import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import { type WebSocket, WebSocketServer } from 'ws';
import { RemoteWebSocketService } from '../../../src/backends/remote/index.js';
import type { WebSocketService } from '../../../src/backends/websocket/index.js';
import { credentials, portOf } from './server.js';

export function remoteAt(port: number, change: object = {}): RemoteWebSocketService {
  const service = new RemoteWebSocketService({ ...credentials, ...change, options: { host: '127.0.0.1', port } });
  onTestFinished(() => service.close());
  return service;
}

export function remoteOf(service: WebSocketService, change: object = {}): RemoteWebSocketService {
  return remoteAt(portOf(service), change);
}

/** A WebSocket server that greets and answers as a test wants. */
export async function fakeChannelsServer(
  welcome: (socket: WebSocket, connection: number) => void,
  answer: (socket: WebSocket, message: { event: string; data: { channel?: string } }) => void = () => undefined,
): Promise<{ port: number; server: WebSocketServer }> {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  await once(server, 'listening');
  onTestFinished(() => {
    for (const socket of server.clients) socket.terminate();
    server.close();
  });
  let connections = 0;
  server.on('connection', (socket) => {
    socket.on('message', (data) => answer(socket, JSON.parse(String(data)) as Parameters<typeof answer>[1]));
    welcome(socket, ++connections);
  });
  return { port: (server.address() as AddressInfo).port, server };
}

/** The first message of a server to a client. */
export function welcomeAs(socketId: unknown, activityTimeout: unknown = 120): string {
  const data = JSON.stringify({ socket_id: socketId, activity_timeout: activityTimeout });
  return JSON.stringify({ event: 'pusher:connection_established', data });
}
