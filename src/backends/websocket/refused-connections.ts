import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import { protocolError } from '../../channels-protocol/messages.js';
import type { HandshakeRefusal } from './handshake.js';
import { refuseUpgrade } from './refuse-upgrade.js';

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
