import type { Duplex } from 'node:stream';
import { WebSocket } from 'ws';
import { type PresenceMember, protocolError } from '../pusher-protocol/messages.js';
import type { Channel } from './channel.js';
import { textFrame } from './frames.js';
import type { Batch, Outbox } from './outbox.js';

/** Beyond this a batch does not wait for the end of the tick: the kernel may take it at once. */
const FLUSH_BYTES = 65_536;

/** How many times `sendBufferBytes` may wait when much is sent at once. */
export const MAX_BURST = 8;

/** Why a connection was cut: it does not read what it is sent bit by bit, or it was sent more at once than may wait at all. */
export type CutReason = 'slow' | 'burst';

/** What a connection needs of the server that it belongs to. */
export interface ConnectionHost {
  readonly outbox: Outbox<Connection>;
  readonly sendBufferBytes: number;
  /** A connection has been cut. Must not throw. */
  wasCut(connection: Connection, waitingBytes: number, why: CutReason): void;
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
  /** What was written in this tick before its end. */
  #writtenInTick = 0;
  /** What may wait beyond the limit: what a tick sent in excess of it and the client has not read since. */
  #excused = 0;

  /** Undefined until the first subscription. */
  channels: Set<Channel> | undefined;
  /** Who is signed in. */
  user: PresenceMember | undefined;
  /** The sweep during which the client was last heard of. */
  lastSweep = 0;
  isPinged = false;
  /** Client events in the second that began at `eventSecond`. */
  eventCount = 0;
  eventSecond = 0;
  /** Subscriptions that were not paid off yet in the second `subscriptionSecond`. */
  subscriptionCount = 0;
  subscriptionSecond = 0;

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
      const { bytes } = this.#pending;
      if (bytes <= FLUSH_BYTES) return;
      this.#write(this.#pending);
      this.#writtenInTick += bytes;
    }
  }

  sendText(text: string): void {
    this.send(textFrame(text));
  }

  /** Writes what is pending, at the end of the tick. */
  flush(): void {
    let bytes = this.#writtenInTick;
    if (this.#pending !== undefined) {
      bytes += this.#pending.bytes;
      this.#write(this.#pending);
    }
    if (bytes > this.#host.sendBufferBytes) this.#excused += bytes;
    this.#writtenInTick = 0;
  }

  #write(batch: Batch): void {
    this.#pending = undefined;
    if (!this.isOpen) return;
    const waiting = this.#socket.writableLength;
    // A socket with nothing in its buffer gets a batch of any size: only what it then leaves lying counts against it.
    if (waiting === 0) this.#excused = 0;
    else if (this.#isOverLimit(waiting, batch.bytes)) return;
    this.#socket.write(batch.joined());
  }

  #isOverLimit(waiting: number, bytes: number): boolean {
    const { sendBufferBytes } = this.#host;
    // Over TLS not a byte leaves before the tick ends, and a burst takes a while: a reader is judged by what was there when the
    // tick began, less what of a burst it is still working off.
    const before = Math.max(0, waiting - this.#writtenInTick);
    this.#excused = Math.min(this.#excused, before);
    const isSlow = before - this.#excused > sendBufferBytes;
    if (!isSlow && waiting + bytes <= MAX_BURST * sendBufferBytes) return false;
    this.#ws.terminate();
    this.#host.wasCut(this, waiting + bytes, isSlow ? 'slow' : 'burst');
    return true;
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
