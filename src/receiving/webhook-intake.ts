import { webhookError } from '../backends/contract/failure.js';
import type { AnyBackend } from '../backends/contract/wrapper.js';
import { ValidationError } from '../core/errors.js';
import type { ClientEvent, WebhookEvent, WebhookHandler } from '../webhooks/event.js';
import { readWebhook } from '../webhooks/read.js';
import type { WebhookSource } from '../webhooks/source.js';
import { KNOWN_FOR_MS } from '../webhooks/verify.js';
import type { IncomingMessage } from '../wire/message.js';

/**
 * Takes the webhooks of a backend's provider. An event that has been handled is known by its id and dropped when it comes again; one whose
 * handling failed is not, so that it is handled when the provider sends it again.
 */
export class Webhooks {
  readonly #backend: AnyBackend;
  readonly #receive: (message: IncomingMessage) => void;
  readonly #known = new KnownEvents();

  constructor(backend: AnyBackend, receive: (message: IncomingMessage) => void) {
    this.#backend = backend;
    this.#receive = receive;
  }

  /** @returns the events that had not come before */
  async take(source: WebhookSource, handle?: WebhookHandler): Promise<readonly WebhookEvent[]> {
    if (handle !== undefined && typeof handle !== 'function')
      throw new ValidationError('The second argument of webhook() is a function, which is called with each event.');
    const taken: WebhookEvent[] = [];
    for (const event of await this.#read(source)) {
      if (await this.#isHandledNow(event, handle)) taken.push(event);
    }
    return taken;
  }

  async #read(source: WebhookSource): Promise<readonly WebhookEvent[]> {
    try {
      const events = await this.#backend.parseWebhook(await readWebhook(source));
      if (!Array.isArray(events) || events.some((event: WebhookEvent | undefined) => typeof event?.id !== 'string'))
        throw new TypeError('it returned something that is no list of events with ids.');
      return events;
    } catch (error) {
      throw webhookError(error, this.#backend);
    }
  }

  /** Returns whether this was the first time that the event was handled. A duplicate waits for what became of the first one. */
  async #isHandledNow(event: WebhookEvent, handle: WebhookHandler | undefined): Promise<boolean> {
    const id = `${event.backend} ${event.id}`;
    const known = this.#known.of(id);
    if (known.handling !== undefined) {
      await known.handling;
      return false;
    }
    if (event.type === 'clientEvent' && !known.isAnnounced) this.#receive(messageOf(event));
    known.isAnnounced = true;
    known.handling = (async () => void (await handle?.(event)))();
    try {
      await known.handling;
    } catch (error) {
      known.handling = undefined;
      throw error;
    }
    this.#known.handled(id, known);
    return true;
  }
}

function messageOf({ channel, event, data, userId }: ClientEvent): IncomingMessage {
  return { channel, event, data, ...(userId !== undefined && { userId }) };
}

/** Ids kept in mind: some 30 MB at most. */
const MAX_KNOWN = 100_000;

/** What is known of an event that came in. */
export interface KnownEvent {
  /** Whether `messageReceived` has had it. */
  isAnnounced: boolean;
  /** Settled when it has been handled, and gone when that failed. */
  handling: Promise<void> | undefined;
  expiresAt: number;
}

const handled = Promise.resolve();

/** The events of webhooks by their ids, for a while and up to a number: those that came in longest ago are forgotten first. */
export class KnownEvents {
  readonly #events = new Map<string, KnownEvent>();

  get size(): number {
    return this.#events.size;
  }

  /** What is known of an event; of a new one, nothing. */
  of(id: string): KnownEvent {
    const known = this.#events.get(id);
    if (known !== undefined && (known.expiresAt > performance.now() || isUnderWay(known))) return known;
    const event = { isAnnounced: false, handling: undefined, expiresAt: 0 };
    this.#keep(id, event);
    return event;
  }

  /** Keeps in mind, from now on, that an event has been handled. */
  handled(id: string, event: KnownEvent): void {
    event.handling = handled;
    this.#keep(id, event);
  }

  #keep(id: string, event: KnownEvent): void {
    event.expiresAt = performance.now() + KNOWN_FOR_MS;
    // Writing a key anew moves it to the end, so that the first one is the next to expire.
    this.#events.delete(id);
    this.#events.set(id, event);
    for (const [oldest, known] of this.#events) {
      if (this.#events.size <= MAX_KNOWN && known.expiresAt > performance.now()) break;
      if (!isUnderWay(known)) this.#events.delete(oldest);
    }
  }
}

function isUnderWay({ handling }: KnownEvent): boolean {
  return handling !== undefined && handling !== handled;
}
