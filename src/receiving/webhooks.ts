import { webhookError } from '../backends/failure.js';
import type { AnyBackend } from '../backends/push-service-wrapper.js';
import { ValidationError } from '../errors.js';
import type { IncomingMessage } from '../message.js';
import { readWebhook } from '../webhooks/read-webhook.js';
import type { ClientEvent, WebhookEvent, WebhookHandler } from '../webhooks/webhook-event.js';
import type { WebhookSource } from '../webhooks/webhook-source.js';
import { KnownEvents } from './known-events.js';

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
