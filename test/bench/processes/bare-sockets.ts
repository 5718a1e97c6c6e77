import { createServer, type Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import { EVENT, type EventData } from './server-commands.ts';

/** A `ws` server whose raw sockets are written to: the least that a server can do. */
export const http: Server = createServer();
export const sockets: Duplex[] = [];

const webSockets = new WebSocketServer({ noServer: true, clientTracking: false, perMessageDeflate: false });
http.on('upgrade', (request, socket, head) => {
  webSockets.handleUpgrade(request, socket, head, () => void sockets.push(socket));
});

/** A frame with the same bytes that ours sends. */
export function eventFrame(channel: string, data: EventData): Buffer {
  const payload = Buffer.from(JSON.stringify({ event: EVENT, channel, data: JSON.stringify(data) }));
  const header = payload.length < 126 ? Buffer.from([0x81, payload.length]) : Buffer.from([0x81, 126, 0, 0]);
  if (payload.length >= 126) header.writeUInt16BE(payload.length, 2);
  return Buffer.concat([header, payload]);
}
