import { webhookError } from '../backends/contract/failure.js';
import type { AnyBackend } from '../backends/contract/wrapper.js';
import { ValidationError } from '../core/errors.js';
import type { ClientEvent, WebhookEvent, WebhookHandler } from '../webhooks/event.js';
import { readWebhook } from '../webhooks/read.js';
import type { WebhookSource } from '../webhooks/source.js';
import { KNOWN_FOR_MS } from '../webhooks/verify.js';
import type { IncomingMessage } from '../wire/message.js';

/** Most ids that are remembered, in about 30 MB. */
const MAX_KNOWN = 100_000;

/**
 * Takes the webhooks of a backend's provider, and handles each event once. An event that was handled is dropped when it
 * comes again. An event whose handler failed is handled again.
 */
export class WebhookIntake {
  readonly #backend: AnyBackend;
  readonly #receive: (message: IncomingMessage) => void;
  readonly #known = new KnownEvents();

  constructor(backend: AnyBackend, receive: (message: IncomingMessage) => void) {
    this.#backend = backend;
    this.#receive = receive;
  }

  /** Reads a webhook and handles its events. @returns the events that are new */
  async take(source: WebhookSource, handle?: WebhookHandler): Promise<readonly WebhookEvent[]> {
    if (handle !== undefined && typeof handle !== 'function')
      throw new ValidationError('The second argument of webhook() must be a function, which gets each event.');
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
        throw new TypeError('parseWebhook() must return a list of events with ids.');
      return events;
    } catch (error) {
      throw webhookError(error, this.#backend);
    }
  }

  /**
   * Handles an event. A duplicate waits for the result of the first one.
   * @returns whether the event was handled now, for the first time
   */
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

const handled = Promise.resolve();

/** An event that came in. */
export interface KnownEvent {
  /** Whether `messageReceived` has fired for it. */
  isAnnounced: boolean;
  /** Pending while the event is being handled, resolved afterwards. Undefined before, and after a failure. */
  handling: Promise<void> | undefined;
  expiresAt: number;
}

/** Remembers events by their ids, for a limited time and in a limited number. The oldest are forgotten first. */
export class KnownEvents {
  readonly #events = new Map<string, KnownEvent>();

  get size(): number {
    return this.#events.size;
  }

  /** Finds an event, or begins to remember it. */
  of(id: string): KnownEvent {
    const known = this.#events.get(id);
    if (known !== undefined && (known.expiresAt > performance.now() || isUnderWay(known))) return known;
    const event = { isAnnounced: false, handling: undefined, expiresAt: 0 };
    this.#keep(id, event);
    return event;
  }

  /** Notes that an event has been handled, and remembers it from now on. */
  handled(id: string, event: KnownEvent): void {
    event.handling = handled;
    this.#keep(id, event);
  }

  #keep(id: string, event: KnownEvent): void {
    event.expiresAt = performance.now() + KNOWN_FOR_MS;
    // Deleting and setting a key moves it to the end, so the first key is always the next to expire.
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
