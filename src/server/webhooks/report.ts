import type { Logger } from '../../core/logger.js';
import type { ServerCounters } from '../metrics/counters.js';
import type { WebSocketWebhook } from './options.js';

/** The server that an application's webhooks belong to. */
export interface WebhookHost {
  readonly counters: ServerCounters;
  /** Its logger must not throw. */
  readonly logger: () => Logger;
}

/** Counts and logs what becomes of the events of one webhook. */
export class WebhookReport {
  readonly #webhook: WebSocketWebhook;
  readonly #host: WebhookHost;
  #dropped = 0;

  constructor(webhook: WebSocketWebhook, host: WebhookHost) {
    this.#webhook = webhook;
    this.#host = host;
  }

  /** The receiver has taken events. */
  sent(events: number): void {
    this.#host.counters.webhookEventsSent += events;
    if (this.#dropped === 0) return;
    this.#log('info', { dropped: this.#dropped }, 'a webhook is taken again, some of whose events were dropped');
    this.#dropped = 0;
  }

  /** An attempt has failed. */
  failed(): void {
    this.#host.counters.webhookFailures++;
  }

  /** What has failed for the first time will be sent again. */
  retrying(reason: string): void {
    this.#log('info', { reason }, 'a webhook was not accepted and will be sent again');
  }

  /**
   * Events are lost. Only the first ones are logged, with the reason; all together when the receiver takes a webhook
   * again.
   */
  dropped(events: number, reason: string): void {
    if (events === 0) return;
    if (this.#dropped === 0) this.#log('warn', { events, reason }, 'events of a webhook were dropped');
    this.#dropped += events;
    this.#host.counters.webhookEventsDropped += events;
  }

  #log(level: 'info' | 'warn', details: object, text: string): void {
    // A query may hold a secret.
    const { origin, pathname } = new URL(this.#webhook.url);
    this.#host.logger()[level]({ url: origin + pathname, ...details }, `websocket: ${text}`);
  }
}
