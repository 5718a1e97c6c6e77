import type { Duplex } from 'node:stream';
import { WebSocket } from 'ws';
import { protocolError } from '../../channels-protocol/messages.js';
import type { Batch } from './batch.js';
import type { Channel } from './channel.js';
import { textFrame } from './frames.js';
import type { Outbox } from './outbox.js';

/** Beyond this a batch does not wait for the end of the tick: the kernel may take it at once. */
const FLUSH_BYTES = 65_536;

/** What a connection needs of the server that it belongs to. */
export interface ConnectionHost {
  readonly outbox: Outbox;
  readonly sendBufferBytes: number;
  /** A reader was too slow, and has been cut. */
  cut(connection: Connection, waitingBytes: number): void;
}

/** A signed-in user, and what the application has signed about them. */
export interface SignedInUser {
  readonly id: string;
  readonly info: unknown;
}

/**
 * One client. There are many of these: no timer, closure or empty collection for each of them. Frames are written straight to
 * the TCP socket, always whole and in the order of `send`, so they fall between those that `ws` itself writes.
 */
export class Connection {
  readonly id: string;
  readonly #socket: Duplex;
  readonly #ws: WebSocket;
  readonly #host: ConnectionHost;
  #pending: Batch | undefined;

  /** Undefined until the first subscription. */
  channels: Set<Channel> | undefined;
  user: SignedInUser | undefined;
  /** The sweep during which the client was last heard of. */
  lastSweep = 0;
  isPinged = false;
  /** Client events in the second that began at `eventSecond`. */
  eventCount = 0;
  eventSecond = 0;

  constructor(id: string, socket: Duplex, ws: WebSocket, host: ConnectionHost) {
    this.id = id;
    this.#socket = socket;
    this.#ws = ws;
    this.#host = host;
  }

  /** False from the closing handshake on, during which a client may still be talking. */
  get isOpen(): boolean {
    return this.#ws.readyState === WebSocket.OPEN;
  }

  /** Sends a frame at the end of this tick, together with whatever else is sent until then. */
  send(frame: Buffer): void {
    const pending = this.#pending;
    if (pending === undefined) {
      this.#pending = this.#host.outbox.begin(frame);
      this.#host.outbox.add(this);
    } else {
      this.#pending = pending.append(frame);
      if (this.#pending.bytes > FLUSH_BYTES) this.#write(this.#pending);
    }
  }

  sendText(text: string): void {
    this.send(textFrame(text));
  }

  /** Writes what is pending. */
  flush(): void {
    if (this.#pending === undefined) return;
    this.#write(this.#pending);
  }

  #write(batch: Batch): void {
    this.#pending = undefined;
    if (!this.isOpen) return;
    const waiting = this.#socket.writableLength;
    // A socket with nothing in its buffer gets even a batch over the limit: only what it then leaves lying counts against it.
    if (waiting > 0 && waiting + batch.bytes > this.#host.sendBufferBytes) {
      this.#ws.terminate();
      this.#host.cut(this, waiting + batch.bytes);
      return;
    }
    this.#socket.write(batch.joined());
  }

  /** Tells the client why, and closes, after everything that was sent before. */
  close(code: number, reason: string): void {
    if (!this.isOpen) return;
    this.sendText(protocolError(reason, code));
    this.flush();
    this.#ws.close(code, reason);
  }

  /** Closes for a reason that concerns the WebSocket and not the Channels protocol. */
  closeTransport(code: number, reason: string): void {
    this.flush();
    this.#ws.close(code, reason);
  }

  /** Ends the connection at once. */
  terminate(): void {
    this.#ws.terminate();
  }
}
