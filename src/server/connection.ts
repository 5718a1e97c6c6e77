import type { Duplex } from 'node:stream';
import { WebSocket } from 'ws';
import { protocolError } from '../pusher-protocol/messages.js';
import type { ProtocolUser } from '../pusher-protocol/users.js';
import { textFrame } from './frames.js';
import type { LocalChannel } from './local-channel.js';
import type { CutReason, ServerCounters } from './metrics/counters.js';
import type { Batch, Outbox } from './outbox.js';
import { hasItem, itemsOf, type SmallSet, sizeOf, withItem, withoutItem } from './small-set.js';

/** A batch of more bytes is written at once and does not wait for the end of the tick. */
const FLUSH_BYTES = 65_536;

/** A connection never has more than this many times `sendBufferBytes` waiting, however much is sent to it at once. */
export const MAX_BURST = 8;

/** How long a client whose messages are read no more may take to read why, in milliseconds. */
const MS_TO_LEARN_WHY = 1000;

/**
 * Why a connection was cut: its client reads too slowly, or it was sent more at once than may ever wait (`burst`).
 */
export type BacklogReason = Extract<CutReason, 'slow_reader' | 'burst'>;

/** The server that a connection belongs to. */
export interface ConnectionHost {
  readonly outbox: Outbox<Connection>;
  readonly sendBufferBytes: number;
  readonly counters: ServerCounters;
  /** A connection has been cut. Must not throw. @param waitingBytes what waited for it */
  wasCut(connection: Connection, waitingBytes: number, why: BacklogReason): void;
}

/**
 * The connection of one client. It writes frames straight to the TCP socket, always whole and in the order of `send`,
 * so they fall between those that `ws` itself writes. There are many connections, so none has a timer, a closure or an
 * empty collection of its own.
 */
export class Connection {
  readonly id: string;
  readonly #socket: Duplex;
  readonly #ws: WebSocket;
  readonly #host: ConnectionHost;
  #pending: Batch | undefined;
  /** Bytes that were written in this tick before its end. */
  #writtenInTick = 0;
  /** Bytes that may wait beyond the limit: those of a burst that the client has not read yet. */
  #excused = 0;
  /** Those that it is subscribed to. */
  #channels: SmallSet<LocalChannel>;
  /** Those that it is about to be subscribed to; undefined as long as there was none. */
  #entering: Map<LocalChannel, object> | undefined;

  /** What it came through, of several HTTP servers; undefined on the server's own port. */
  door: object | undefined;
  /** The user who is signed in. */
  user: ProtocolUser | undefined;
  /** The users and sessions that it was authorised for, see `ConnectionOwners`; undefined for none. */
  owners: Set<string> | undefined;
  /** The ids of the users whom it watches, each once; undefined for none. */
  watched: readonly string[] | undefined;
  /** The sweep during which the client was last heard of. */
  lastSweep = 0;
  isPinged = false;
  /** Whether the client answers `pusher:ping`; then its pong frames say nothing of the page behind them. */
  answersPusherPing = false;
  /** Client events in the second that began at `eventSecond`. */
  eventCount = 0;
  eventSecond = 0;
  /** What its subscriptions still owed in the second `owedSecond`; see `SubscriptionRate`. */
  owedBytes = 0;
  owedSecond = 0;
  /** Messages and bytes that still counted against its budget in the second `messageSecond`; see `MessageBudget`. */
  messageCount = 0;
  messageBytes = 0;
  messageSecond = 0;
  isOverBudget = false;

  constructor(id: string, socket: Duplex, ws: WebSocket, host: ConnectionHost) {
    this.id = id;
    this.#socket = socket;
    this.#ws = ws;
    this.#host = host;
  }

  /** Whether its client speaks no protocol. */
  get isPlain(): boolean {
    return false;
  }

  /** The channels that it is subscribed to. They may end while somebody goes through them. */
  get channels(): Iterable<LocalChannel> {
    return itemsOf(this.#channels);
  }

  /** Number of channels that it is subscribed to, or is about to be. */
  get channelCount(): number {
    return sizeOf(this.#channels) + (this.#entering?.size ?? 0);
  }

  /** The channels that it is about to be subscribed to, as soon as other nodes know. */
  get entering(): readonly LocalChannel[] {
    return [...(this.#entering?.keys() ?? [])];
  }

  /** @param entry what `enters` has returned, to leave out a later subscription to the same channel */
  isEntering(channel: LocalChannel, entry?: object): boolean {
    const found = this.#entering?.get(channel);
    return found !== undefined && (entry === undefined || entry === found);
  }

  /** Notes a subscription that is not confirmed yet. */
  enters(channel: LocalChannel): object {
    const entry = {};
    this.#entering ??= new Map();
    this.#entering.set(channel, entry);
    return entry;
  }

  isOn(channel: LocalChannel): boolean {
    return hasItem(this.#channels, channel);
  }

  /** Notes a subscription. */
  entered(channel: LocalChannel): void {
    this.#entering?.delete(channel);
    this.#channels = withItem(this.#channels, channel);
  }

  /** Notes the end of a subscription. */
  left(channel: LocalChannel): void {
    this.#entering?.delete(channel);
    this.#channels = withoutItem(this.#channels, channel);
  }

  /** False as soon as the closing handshake begins, although the client may still send. */
  get isOpen(): boolean {
    return this.#ws.readyState === WebSocket.OPEN;
  }

  /**
   * Sends a frame at the end of this tick, together with the others that are sent until then.
   * @param messages how many messages it holds: it may be several frames in one piece
   */
  send(frame: Buffer, messages = 1): void {
    const pending = this.#pending;
    if (pending === undefined) {
      this.#pending = this.#host.outbox.begin(frame, messages);
      this.#host.outbox.add(this);
    } else {
      this.#pending = pending.append(frame, messages);
      const { bytes } = this.#pending;
      if (bytes <= FLUSH_BYTES) return;
      this.#write(this.#pending);
      this.#writtenInTick += bytes;
    }
  }

  sendText(text: string): void {
    this.send(textFrame(text));
  }

  /** Sends the first text, and does not wait for the end of the tick. */
  greet(text: string): void {
    const frame = textFrame(text);
    this.#socket.write(frame);
    const { counters } = this.#host;
    counters.sentMessages++;
    counters.sentBytes += frame.length;
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
    // A socket whose buffer is empty gets a batch of any size: only what it has not taken by the next one counts
    // against it.
    if (waiting === 0) this.#excused = 0;
    else if (this.#isOverLimit(waiting, batch.bytes)) return;
    this.#socket.write(batch.joined());
    const { counters } = this.#host;
    counters.sentMessages += batch.messages;
    counters.sentBytes += batch.bytes;
  }

  #isOverLimit(waiting: number, bytes: number): boolean {
    const { sendBufferBytes } = this.#host;
    // A reader is judged by the bytes that waited when the tick began, because over TLS no byte leaves before its end.
    // What is left of a burst does not count.
    const before = Math.max(0, waiting - this.#writtenInTick);
    this.#excused = Math.min(this.#excused, before);
    const isSlow = before - this.#excused > sendBufferBytes;
    if (!isSlow && waiting + bytes <= MAX_BURST * sendBufferBytes) return false;
    this.#ws.terminate();
    this.#host.wasCut(this, waiting + bytes, isSlow ? 'slow_reader' : 'burst');
    return true;
  }

  /** Closes after everything that was sent before, and tells the client why. */
  close(code: number, reason: string): void {
    if (!this.isOpen) return;
    this.sendText(protocolError(reason, code));
    this.flush();
    this.#ws.close(code, reason);
  }

  /**
   * Closes as {@link close} does, with a code of the WebSocket protocol (RFC 6455) and without an error of the Channels
   * protocol.
   */
  closeTransport(code: number, reason: string): void {
    this.flush();
    this.#ws.close(code, reason);
  }

  /** Reads nothing more of a connection that was closed. It ends when its client has had time to learn why. */
  stopReading(): void {
    this.#ws.pause();
    setTimeout(() => this.#ws.terminate(), MS_TO_LEARN_WHY).unref();
  }

  /** Ends the connection at once; what waits is lost. */
  terminate(): void {
    this.#ws.terminate();
  }
}
