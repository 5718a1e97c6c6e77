import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import { protocolError } from '../pusher-protocol/messages.js';
import type { HandshakeRefusal } from './handshake.js';

/** Whether a request asks for a WebSocket. Other offers, such as `h2c`, may be left alone by a server. */
export function isWebSocketUpgrade(request: IncomingMessage): boolean {
  return request.headers.upgrade?.toLowerCase() === 'websocket';
}

/**
 * Lets a server answer a request that offers an upgrade as if it did not. Only a Node without `shouldUpgradeCallback`
 * (below 22.21) needs it: there every offer becomes an upgrade as soon as anybody listens for upgrades.
 */
export function serveWithoutUpgrade(
  server: { emit(event: string, socket: Duplex): boolean },
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
): void {
  const lines = [`${request.method} ${request.url} HTTP/${request.httpVersion}`];
  for (let index = 0; index < request.rawHeaders.length; index += 2) {
    const name = request.rawHeaders[index] ?? '';
    if (name.toLowerCase() !== 'upgrade') lines.push(`${name}: ${request.rawHeaders[index + 1]}`);
  }
  socket.unshift(Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), head]));
  server.emit('encrypted' in socket ? 'secureConnection' : 'connection', socket);
}

/** Answers an upgrade request with an HTTP status, and ends its connection. */
export function refuseUpgrade(socket: Duplex, status: number, text: string): void {
  socket.on('error', () => socket.destroy());
  socket.once('finish', () => socket.destroy());
  const head = [
    `HTTP/1.1 ${status} ${process.getBuiltinModule('node:http').STATUS_CODES[status]}`,
    'Connection: close',
    'Content-Type: text/plain; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(text)}`,
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${text}`);
}

/** Refused connections at once. They do not count as connections of an application. */
const MAX_REFUSED = 1000;
/** How long a refused client may take to read the reason and close, in milliseconds. */
const CLOSE_TIMEOUT_MS = 1000;
/** Size of a frame from a refused client, in bytes; nobody reads it. */
const MAX_MESSAGE_BYTES = 1024;
/** Fragments and pieces that such a frame may come in. */
const MAX_PARTS = 16;

/**
 * The connections that the handshake refused. A browser learns the reason only over a WebSocket, so each is opened and
 * closed again.
 */
export class RefusedConnections {
  readonly #server: WebSocketServer;

  constructor() {
    const settings = {
      noServer: true,
      clientTracking: true,
      perMessageDeflate: false,
      autoPong: false,
      maxPayload: MAX_MESSAGE_BYTES,
      maxFragments: MAX_PARTS,
      maxBufferedChunks: MAX_PARTS,
      closeTimeout: CLOSE_TIMEOUT_MS,
    };
    this.#server = new WebSocketServer(settings);
  }

  /** Tells the client why, and closes. With too many at once it answers HTTP status 503 instead. */
  refuse(request: IncomingMessage, socket: Duplex, head: Buffer, { code, reason }: HandshakeRefusal): void {
    if (this.#server.clients.size >= MAX_REFUSED) {
      refuseUpgrade(socket, 503, 'Too many connections are being refused');
      return;
    }
    this.#server.handleUpgrade(request, socket, head, (ws) => {
      // Its "close" follows, and is handled.
      ws.on('error', () => undefined);
      ws.send(protocolError(reason, code));
      ws.close(code, reason);
    });
  }

  /** Ends those that are still open. */
  terminate(): void {
    for (const ws of this.#server.clients) ws.terminate();
  }
}
