import { webhookError } from '../backends/contract/failure.js';
import type { AnyBackend } from '../backends/contract/wrapper.js';
import { AgeOrder } from '../core/age-order.js';
import { Deadline } from '../core/deadline.js';
import { ValidationError } from '../core/errors.js';
import type { Logger } from '../core/logger.js';
import type { ClientEvent, WebhookEvent, WebhookHandler } from '../webhooks/event.js';
import { readWebhook } from '../webhooks/read.js';
import type { WebhookSource } from '../webhooks/source.js';
import { KNOWN_FOR_MS } from '../webhooks/verify.js';
import type { IncomingMessage } from '../wire/message.js';
import { SharedEvents } from './shared-events.js';

/** The service that webhooks are taken for. */
export interface IntakeHost {
  /** Hands client events to the listeners of `messageReceived`. */
  receive(message: IncomingMessage): void;
  readonly logger: Logger;
  /** How long the events of a webhook may take until its answer is due, in milliseconds. */
  readonly timeout: number;
  /** The name of the service. */
  readonly service: string;
}

/** Most ids that are remembered, in about 30 MB. */
const MAX_KNOWN = 100_000;

/**
 * Takes the webhooks of a backend's provider, and handles each event once. An event that was handled is dropped when it
 * comes again. An event whose handler failed is handled again. Where the backend has a memory that processes share, all
 * of this goes for them together.
 */
export class WebhookIntake {
  readonly #backend: AnyBackend;
  readonly #host: IntakeHost;
  readonly #known = new KnownEvents();
  readonly #shared: SharedEvents;
  /** The events that are being handled. */
  readonly #underWay = new Set<Promise<boolean>>();

  constructor(backend: AnyBackend, host: IntakeHost) {
    this.#backend = backend;
    this.#host = host;
    this.#shared = new SharedEvents(backend, host.service, host.logger);
  }

  /** Number of events that are being handled. */
  get underWay(): number {
    return this.#underWay.size;
  }

  /** Resolves when no event is being handled. */
  async idle(): Promise<void> {
    while (this.#underWay.size > 0) await Promise.allSettled(this.#underWay);
  }

  /**
   * Reads a webhook and handles its events.
   * @returns the events that are new
   * @throws TimeoutError when its events are not handled in time. They go on being handled
   */
  async take(source: WebhookSource, handle?: WebhookHandler): Promise<readonly WebhookEvent[]> {
    if (handle !== undefined && typeof handle !== 'function')
      throw new ValidationError('The second argument of webhook() must be a function, which gets each event.');
    const taken: WebhookEvent[] = [];
    const events = await this.#read(source);
    const deadline = new Deadline(this.#host.timeout);
    for (const event of events) {
      if (await this.#isHandledNow(event, handle, deadline)) taken.push(event);
    }
    return taken;
  }

  async #read(source: WebhookSource): Promise<readonly WebhookEvent[]> {
    const backend = this.#backend;
    try {
      const request = await readWebhook(source, (headers) => backend.checkWebhookHeaders(headers));
      const events = await new Deadline(this.#host.timeout).wait((async () => backend.parseWebhook(request))(), {
        missing: `The ${backend.name} backend did not read a webhook`,
        consequence: 'nothing was handled, and nothing was sent',
        backend: backend.name,
      });
      if (!Array.isArray(events) || events.some((event: WebhookEvent | undefined) => typeof event?.id !== 'string'))
        throw new TypeError('parseWebhook() must return a list of events with ids.');
      return events;
    } catch (error) {
      throw webhookError(error, backend);
    }
  }

  /**
   * Handles an event. A duplicate waits for the result of the first one, but no longer than its own deadline.
   * @returns whether the event was handled now, for the first time
   */
  async #isHandledNow(event: WebhookEvent, handle: WebhookHandler | undefined, deadline: Deadline): Promise<boolean> {
    const id = `${event.backend} ${event.id}`;
    const known = this.#known.of(id);
    const isFirst = known.handling === undefined;
    const handling = known.handling ?? this.#begin({ event, handle, id, known }, deadline);
    known.waiting++;
    try {
      const isNew = await deadline.wait(handling, {
        missing: `The handler of webhooks did not end with the event "${event.type}"`,
        consequence: 'the event goes on being handled, and nothing was sent',
      });
      return isFirst && isNew;
    } finally {
      known.waiting--;
    }
  }

  /**
   * Begins to handle an event.
   * @returns a promise that settles as the handler does, after the event was noted: false for one that another process
   * has handled
   */
  #begin(incoming: IncomingEvent, deadline: Deadline): Promise<boolean> {
    const { event, id, known } = incoming;
    const work = this.#shared.areShared ? this.#handleShared(incoming, deadline) : this.#handle(incoming);
    const handling: Promise<boolean> = work.then(
      (isNew) => {
        this.#underWay.delete(handling);
        this.#known.handled(id, known);
        return isNew;
      },
      (error: unknown) => {
        this.#underWay.delete(handling);
        known.handling = undefined;
        if (known.waiting === 0)
          this.#host.logger.error(
            { err: error, event: event.type },
            'a webhook handler failed after its time; the event is handled again when it comes again',
          );
        throw error;
      },
    );
    known.handling = handling;
    this.#underWay.add(handling);
    return handling;
  }

  async #handleShared(incoming: IncomingEvent, deadline: Deadline): Promise<boolean> {
    const { event, id, known } = incoming;
    const claim = await this.#shared.claim(id, deadline);
    if (claim === undefined) return false;
    try {
      if (event.type === 'clientEvent' && !known.isAnnounced) known.isAnnounced = !(await claim.isToAnnounce());
      await this.#handle(incoming);
    } catch (error) {
      await claim.failed();
      throw error;
    }
    await claim.handled();
    return true;
  }

  async #handle({ event, handle, known }: IncomingEvent): Promise<true> {
    if (event.type === 'clientEvent' && !known.isAnnounced) this.#host.receive(messageOf(event));
    known.isAnnounced = true;
    await handle?.(event);
    return true;
  }
}

/** An event that is to be handled. */
interface IncomingEvent {
  readonly event: WebhookEvent;
  readonly handle: WebhookHandler | undefined;
  readonly id: string;
  readonly known: KnownEvent;
}

function messageOf({ channel, event, data, userId }: ClientEvent): IncomingMessage {
  return { channel, event, data, ...(userId !== undefined && { userId }) };
}

const handled = Promise.resolve(false);

/** An event that came in. */
export interface KnownEvent {
  /** Whether `messageReceived` has fired for it. */
  isAnnounced: boolean;
  /** Pending while the event is being handled, resolved afterwards. Undefined before, and after a failure. */
  handling: Promise<boolean> | undefined;
  /** Number of calls that wait for its handler. */
  waiting: number;
  expiresAt: number;
}

/** Remembers events by their ids, for a limited time and in a limited number. The oldest are forgotten first. */
export class KnownEvents {
  readonly #events = new AgeOrder<string, KnownEvent>();

  get size(): number {
    return this.#events.size;
  }

  /** Finds an event, or begins to remember it. */
  of(id: string): KnownEvent {
    const known = this.#events.get(id);
    if (known !== undefined && (known.expiresAt > performance.now() || isUnderWay(known))) return known;
    const event = { isAnnounced: false, handling: undefined, waiting: 0, expiresAt: 0 };
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
    // All are kept equally long, so the oldest is always the next to expire.
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
