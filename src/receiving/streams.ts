import { randomUUID } from 'node:crypto';
import type { Listener } from '../backends/contract/listening.js';
import type { Logger } from '../core/logger.js';
import type { IncomingMessage } from '../wire/message.js';
import type { Subscriptions } from './subscriptions.js';

/** A message as streams write it. */
export interface StreamFrame {
  /** Names the message: its own id where it has one. It holds no control characters. */
  readonly id: string;
  /** The message as JSON: `{ event, channel, data, id, … }`. The same text for all streams. */
  readonly json: string;
}

/** Why a stream has ended: the service closes or is set up anew, or its listener is logged out. */
export type StreamEnd = 'closed' | 'loggedOut';

/** The reader of a stream. Its methods must not throw. */
export interface StreamReader {
  message(frame: StreamFrame): void;
  /** Called once, unless the reader itself has closed the stream. */
  end(why: StreamEnd): void;
}

/** How long an end by log-out is remembered for tokens that were made before, in milliseconds. */
const ENDS_KEPT_MS = 3_600_000;

/** The open streams of a service: pages that hear channels through this process, without a connection of their own. */
export class Streams {
  readonly #subscriptions: Subscriptions;
  readonly #logger: Logger;
  readonly #all = new Set<Stream>();
  readonly #byChannel = new Map<string, Set<Stream>>();
  /** When the streams of a user or a session were ended, by {@link keysOf}; the oldest first. */
  readonly #ends = new Map<string, number>();
  #isClosed = false;

  constructor(subscriptions: Subscriptions, logger: Logger) {
    this.#subscriptions = subscriptions;
    this.#logger = logger;
  }

  /** Begins a stream, which hears no channel yet. */
  begin(owner: Listener, reader: StreamReader): Stream {
    const stream = new Stream(owner, reader, (ended) => this.#forget(ended));
    this.#all.add(stream);
    if (this.#isClosed) stream.end('closed');
    return stream;
  }

  /**
   * Lets a stream hear channels, once all of them are subscribed to.
   * @throws PushError when one of them cannot be subscribed to; then the stream is closed
   */
  async join(stream: Stream, channels: readonly string[]): Promise<void> {
    for (const channel of channels) {
      const streams = this.#byChannel.get(channel) ?? new Set();
      this.#byChannel.set(channel, streams.add(stream));
    }
    stream.channels = channels;
    const results = await Promise.allSettled(channels.map((channel) => this.#begin(channel, stream)));
    const failure = results.find((result) => result.status === 'rejected');
    if (failure === undefined) return;
    stream.close();
    throw failure.reason;
  }

  async #begin(channel: string, stream: Stream): Promise<void> {
    await this.#subscriptions.beginStream(channel);
    if (stream.isOpen) stream.subscribed.add(channel);
    else this.#end(channel);
  }

  #end(channel: string): void {
    this.#subscriptions.endStream(channel).catch((error: unknown) => {
      if (!this.#isClosed)
        this.#logger.warn({ err: error, channel }, 'the subscription of a stream could not be ended');
    });
  }

  #forget(stream: Stream): void {
    this.#all.delete(stream);
    for (const channel of stream.channels) {
      const streams = this.#byChannel.get(channel);
      if (streams?.delete(stream) === true && streams.size === 0) this.#byChannel.delete(channel);
    }
    for (const channel of stream.subscribed) this.#end(channel);
  }

  /** Hands a message to the streams that hear its channel. Does not throw. */
  deliver(message: IncomingMessage): void {
    const { channel, subscription = channel } = message;
    const streams = this.#byChannel.get(channel);
    const others = subscription === channel ? undefined : this.#byChannel.get(subscription);
    if (streams === undefined && others === undefined) return;
    const frame = this.#frameOf(message);
    if (frame === undefined) return;
    for (const stream of new Set([...(streams ?? []), ...(others ?? [])])) stream.message(frame);
  }

  #frameOf({ event, channel, data, ...rest }: IncomingMessage): StreamFrame | undefined {
    const { userId, notification, subscription, timetoken } = rest;
    const id = idOf(rest);
    try {
      const json = JSON.stringify({ event, channel, data, id, userId, notification, subscription, timetoken });
      return { id, json };
    } catch (error) {
      this.#logger.error({ err: error, channel, event }, 'a message that is no JSON was not written to streams');
      return undefined;
    }
  }

  /**
   * Ends the streams of a user, or of a session. A token that was made before does not begin another one.
   * @returns how many there were
   */
  logOut(owner: Listener): number {
    const keys = new Set(keysOf(owner));
    const now = Date.now();
    for (const [key, at] of this.#ends) {
      if (now - at < ENDS_KEPT_MS) break;
      this.#ends.delete(key);
    }
    for (const key of keys) {
      this.#ends.delete(key);
      this.#ends.set(key, now);
    }
    const theirs = [...this.#all].filter((stream) => keysOf(stream.owner).some((key) => keys.has(key)));
    for (const stream of theirs) stream.end('loggedOut');
    return theirs.length;
  }

  /** Whether the owner was logged out at a time or since. @param time in milliseconds since the epoch */
  isLoggedOutSince(owner: Listener, time: number): boolean {
    return keysOf(owner).some((key) => (this.#ends.get(key) ?? Number.NEGATIVE_INFINITY) >= time);
  }

  /** Ends all streams. Those that begin later end at once. */
  close(): void {
    this.#isClosed = true;
    for (const stream of [...this.#all]) stream.end('closed');
  }
}

/** One page that hears channels. */
export class Stream {
  readonly owner: Listener;
  /** The channels that it hears, or is about to. */
  channels: readonly string[] = [];
  /** Those that are subscribed to for it. */
  readonly subscribed: Set<string> = new Set();
  readonly #reader: StreamReader;
  readonly #onEnd: (stream: Stream) => void;
  #isOpen = true;

  constructor(owner: Listener, reader: StreamReader, onEnd: (stream: Stream) => void) {
    this.owner = owner;
    this.#reader = reader;
    this.#onEnd = onEnd;
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  message(frame: StreamFrame): void {
    if (this.#isOpen) this.#reader.message(frame);
  }

  /** Ends it, and tells the reader. */
  end(why: StreamEnd): void {
    if (!this.#isOpen) return;
    this.close();
    this.#reader.end(why);
  }

  /** Ends it without a word to the reader. A second time changes nothing. */
  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#onEnd(this);
  }
}

function keysOf({ userId, sessionChannel }: Listener): readonly string[] {
  return [
    ...(userId === undefined ? [] : [`user ${userId}`]),
    ...(sessionChannel === undefined ? [] : [`session ${sessionChannel}`]),
  ];
}

function idOf({ id, timetoken }: Pick<IncomingMessage, 'id' | 'timetoken'>): string {
  const known = id ?? timetoken;
  return known === undefined || /\p{Cc}/u.test(known) ? randomUUID() : known;
}
