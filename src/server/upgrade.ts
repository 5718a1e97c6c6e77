import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import { protocolError } from '../pusher-protocol/messages.js';
import type { HandshakeRefusal } from './handshake.js';

/** Refused connections at once: they count nowhere else. */
const MAX_REFUSED = 1000;
/** Time to read why, and to go. */
const CLOSE_TIMEOUT_MS = 1000;
/** Size of a frame from a client whom no one listens to. */
const MAX_MESSAGE_BYTES = 1024;

/** Connections that were not let in. A browser learns the reason only over a WebSocket, so they are opened to be closed. */
export class RefusedConnections {
  readonly #server: WebSocketServer;

  constructor() {
    const settings = {
      noServer: true,
      clientTracking: true,
      perMessageDeflate: false,
      autoPong: false,
      maxPayload: MAX_MESSAGE_BYTES,
      closeTimeout: CLOSE_TIMEOUT_MS,
    };
    this.#server = new WebSocketServer(settings);
  }

  /** Says why, and closes; beyond so many at once, with a status of HTTP alone. */
  refuse(request: IncomingMessage, socket: Duplex, head: Buffer, { code, reason }: HandshakeRefusal): void {
    if (this.#server.clients.size >= MAX_REFUSED) {
      refuseUpgrade(socket, 503, 'Too many connections are being refused');
      return;
    }
    this.#server.handleUpgrade(request, socket, head, (ws) => {
      ws.on('error', ignore);
      ws.send(protocolError(reason, code));
      ws.close(code, reason);
    });
  }

  /** Ends those that have not gone yet. */
  terminate(): void {
    for (const ws of this.#server.clients) ws.terminate();
  }
}

/** A socket's errors are followed by its `close`, which is all that there is to do about them. */
export function ignore(): void {}

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

/** Whether a request asks for a WebSocket. Others offer `h2c` or the like, which a server may just not take up. */
export function isWebSocketUpgrade(request: IncomingMessage): boolean {
  return request.headers.upgrade?.toLowerCase() === 'websocket';
}

/**
 * Gives a request that merely offers an upgrade back to its server, as if it had not. For a Node without
 * `shouldUpgradeCallback` (below 22.21), which treats every offer as an upgrade as soon as anyone listens for them.
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
