import { createServer } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import { listen } from '../../support/ports.ts';
import { CHANNEL, EVENT, serve } from './server-commands.ts';

/** A `ws` server, and a loop that writes one ready-made frame to each raw socket: the same bytes that ours sends. */
const http = createServer();
const webSockets = new WebSocketServer({ noServer: true, clientTracking: false, perMessageDeflate: false });
const sockets: Duplex[] = [];
http.on('upgrade', (request, socket, head) => {
  webSockets.handleUpgrade(request, socket, head, () => void sockets.push(socket));
});

const frames = new Map<object, Buffer>();

function textFrame(text: string): Buffer {
  const payload = Buffer.from(text);
  const header = payload.length < 126 ? Buffer.from([0x81, payload.length]) : Buffer.from([0x81, 126, 0, 0]);
  if (payload.length >= 126) header.writeUInt16BE(payload.length, 2);
  return Buffer.concat([header, payload]);
}

serve({
  listen: () => listen(http),
  publish(data) {
    let frame = frames.get(data);
    if (frame === undefined) {
      frame = textFrame(JSON.stringify({ event: EVENT, channel: CHANNEL, data: JSON.stringify(data) }));
      frames.clear();
      frames.set(data, frame);
    }
    for (const socket of sockets) socket.write(frame);
  },
});
