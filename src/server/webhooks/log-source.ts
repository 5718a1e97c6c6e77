import type { WireEvent } from '../../pusher-protocol/webhooks.js';
import { isRecord } from '../../wire/is-record.js';
import type { AppRelay } from '../relay/app-relay.js';
import { sets } from '../relay/member-lists.js';
import type { LogPart } from '../relay/relay.js';
import { takes } from './filter.js';
import { type BodyLimits, webhookBody } from './memory-source.js';
import type { WebSocketWebhook } from './options.js';
import { type Batch, type EventSource, RETRY_FOR_MS } from './sender.js';
import { BatchSize } from './waiting-events.js';

/** Which log a source reads, and as whom. */
export interface LogReading {
  readonly relay: AppRelay;
  readonly partition: number;
  readonly log: string;
  readonly reader: string;
  /** All readers of the log that this node serves. */
  readonly readers: readonly string[];
  /** Told when the relay does not answer, and each time it does. Must not throw. */
  failed(error: unknown): void;
  worked(): void;
}

/** What the reader of a log notes before it sends a webhook, for the one that comes after it. */
interface Note {
  /** The last entry whose event is in the webhook. */
  readonly id: string;
  readonly body: string;
  readonly events: number;
  /** When it was made, in milliseconds since 1970. */
  readonly time: number;
}

/**
 * Events of one webhook in a log that all nodes share. One node at a time reads it, and goes past an entry when its
 * webhook was taken. When that node dies, another one sends the same body again.
 */
export class LogSource implements EventSource {
  readonly isKept = true;
  readonly #reading: LogReading;
  readonly #webhook: WebSocketWebhook;
  readonly #limits: BodyLimits;
  /** Entries that wait, as the last answer told. */
  #known = 0;
  /** Entries that this node has appended since it asked. */
  #appended = 0;
  /** Whether this node is the reader, as far as it knows: then others leave the log to it until it is empty. */
  #isReader = false;
  /** An entry that is dealt with, where the relay has not taken that yet. */
  #ended: string | undefined;

  constructor(reading: LogReading, webhook: WebSocketWebhook, limits: BodyLimits) {
    this.#reading = reading;
    this.#webhook = webhook;
    this.#limits = limits;
  }

  /** An entry was appended by this node. */
  appended(): void {
    this.#appended++;
  }

  get waiting(): number {
    return this.#known + this.#appended;
  }

  get hasMore(): boolean {
    return this.waiting > 0 || this.#isReader;
  }

  abandon(): number {
    if (this.#isReader) {
      // So that another node need not wait for the lease to end. If it fails, that one waits.
      void this.#ask(1, 1).catch(() => {});
    }
    this.#leave();
    this.#appended = 0;
    return 0;
  }

  async take(): Promise<Batch | undefined> {
    try {
      return await this.#next();
    } catch (error) {
      // Nothing is lost. All nodes look into the log again and again, see `SharedEvents`.
      this.#leave();
      this.#reading.failed(error);
      return undefined;
    }
  }

  #leave(): void {
    this.#isReader = false;
    this.#known = 0;
  }

  async #next(): Promise<Batch | undefined> {
    for (;;) {
      if (this.#ended !== undefined && !(await this.#pass(this.#ended))) return undefined;
      const part = await this.#read();
      if (part === undefined) return undefined;
      const noted = noteOf(part.note);
      if (noted !== undefined) return this.#batch(noted, part.waiting - noted.events);
      const { events, last, count } = this.#chosen(part);
      if (last === undefined) return undefined;
      const told = await this.#counted(events);
      if (told.length > 0) {
        const time = this.#limits.nextTime();
        const note: Note = { id: last, body: webhookBody(time, told), events: told.length, time };
        const { relay, partition, log, reader } = this.#reading;
        const incarnation = relay.node.incarnationIn(partition);
        const isReader =
          incarnation !== undefined &&
          (await relay.node.connection.noteInLog(partition, log, reader, incarnation, JSON.stringify(note)));
        if (isReader) return this.#batch(note, part.waiting - count);
        this.#leave();
        return undefined;
      }
      this.#ended = last;
    }
  }

  /** Reads what is next. Returns undefined when there is nothing for this node. */
  async #read(): Promise<LogPart | undefined> {
    // What is appended from now on may not be in the answer.
    this.#appended = 0;
    const part = await this.#ask(this.#limits.webhookBatchEvents, this.#reading.relay.node.leaseMs);
    if (part !== undefined && (part.entries.length > 0 || part.note !== undefined)) {
      this.#isReader = true;
      this.#known = part.waiting;
      return part;
    }
    this.#leave();
    return undefined;
  }

  async #ask(max: number, leaseMs: number): Promise<LogPart | undefined> {
    const { relay, partition, log, reader, readers, worked } = this.#reading;
    const incarnation = relay.node.incarnationIn(partition);
    if (incarnation === undefined) return undefined;
    const part = await relay.node.connection.readLog(partition, log, { reader, readers, incarnation, leaseMs, max });
    worked();
    return part;
  }

  /** Goes past an entry. Returns whether this node is still the reader. */
  async #pass(id: string): Promise<boolean> {
    const { relay, partition, log, reader } = this.#reading;
    const incarnation = relay.node.incarnationIn(partition);
    const isReader =
      incarnation !== undefined && (await relay.node.connection.passInLog(partition, log, reader, incarnation, id));
    this.#ended = undefined;
    if (!isReader) this.#leave();
    return isReader;
  }

  #batch({ id, body, events, time }: Note, waiting: number): Batch {
    this.#known = Math.max(0, waiting);
    return {
      body,
      events,
      // The clock of the node that made it may be another one.
      ageMs: Math.min(Math.max(0, Date.now() - time), RETRY_FOR_MS),
      end: async () => {
        this.#ended = id;
        try {
          await this.#pass(id);
        } catch (error) {
          this.#reading.failed(error);
        }
      },
      keep: (lost) => this.#keep(lost),
    };
  }

  /** Stays the reader while a webhook is being sent, which may take longer than a lease. */
  #keep(lost: () => void): () => void {
    const { leaseMs } = this.#reading.relay.node;
    let isAsking = false;
    const ask = async (): Promise<void> => {
      if (isAsking) return;
      isAsking = true;
      try {
        if ((await this.#ask(1, leaseMs)) !== undefined) return;
        this.#leave();
        lost();
      } catch (error) {
        this.#reading.failed(error);
      } finally {
        isAsking = false;
      }
    };
    const timer = setInterval(() => void ask(), leaseMs / 3).unref();
    return () => clearInterval(timer);
  }

  /** The events of a part that go into one webhook, and the last entry that is dealt with by it. */
  #chosen({ entries }: LogPart): { events: readonly WireEvent[]; last: string | undefined; count: number } {
    const events = new Map<string | number, WireEvent>();
    const size = new BatchSize();
    let last: string | undefined;
    let count = 0;
    for (const { id, text } of entries) {
      const event = eventOf(text);
      if (event !== undefined && takes(this.#webhook, event)) {
        if (!size.fits(event)) break;
        // Of a channel's counts only the last is sent.
        const key = event.name === 'subscription_count' ? event.channel : count;
        events.delete(key);
        events.set(key, event);
      }
      last = id;
      count++;
    }
    return { events: [...events.values()], last, count };
  }

  /**
   * Puts the numbers into events that tell how many are on a channel. They are read now: two nodes may have appended
   * their events in another order than they have changed the number. A channel that nobody is on needs none.
   */
  async #counted(events: readonly WireEvent[]): Promise<readonly WireEvent[]> {
    const { relay } = this.#reading;
    const counts = events.filter(({ name }) => name === 'subscription_count');
    if (counts.length === 0) return events;
    const subscribers = counts.map(({ channel }) => ({ topic: relay.topicOf(channel), set: sets.subscribers }));
    const figures = await relay.node.connection.figures(subscribers);
    const numbers = new Map(counts.map((event, index) => [event, figures[index]?.weight ?? 0]));
    return events.flatMap((event) => {
      const number = numbers.get(event);
      if (number === undefined) return [event];
      return number === 0 ? [] : [{ ...event, subscription_count: number }];
    });
  }
}

/** The event of an entry; undefined for one that another version of this package has appended. */
function eventOf(text: string): WireEvent | undefined {
  const event = parsed(text);
  if (!isRecord(event) || typeof event['name'] !== 'string' || typeof event['channel'] !== 'string') return undefined;
  return event as unknown as WireEvent;
}

function noteOf(text: string | undefined): Note | undefined {
  const note = text === undefined ? undefined : parsed(text);
  if (!isRecord(note)) return undefined;
  const { id, body, events, time } = note;
  const isNote =
    typeof id === 'string' && typeof body === 'string' && typeof events === 'number' && typeof time === 'number';
  return isNote ? { id, body, events, time } : undefined;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
