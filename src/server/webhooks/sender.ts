import type { Logger } from '../../core/logger.js';
import type { AppKeys } from '../../pusher-protocol/signature.js';
import { type WireEvent, webhookHeaders } from '../../pusher-protocol/webhooks.js';
import { backoffDelay } from '../../wire/backoff.js';
import type { ServerCounters } from '../metrics/counters.js';
import type { WebSocketWebhook } from './options.js';
import { WaitingEvents } from './waiting-events.js';

/** How long a webhook is retried, in milliseconds. Source: https://pusher.com/docs/channels/server_api/webhooks */
const RETRY_FOR_MS = 300_000;
/** How long the receiver may take to answer, in milliseconds. */
const DEADLINE_MS = 10_000;

/** The options that say how many events share a webhook. */
export interface BatchLimits {
  readonly webhookBatchMs: number;
  readonly webhookBatchEvents: number;
}

/** The application of a sender. */
export interface SenderHost extends BatchLimits {
  readonly counters: ServerCounters;
  /** Returns the time that goes into the next webhook, in milliseconds since 1970. */
  nextTime(): number;
  /** Must not throw. */
  logger(): Logger;
}

/**
 * Sends the events of one webhook in their order, one POST at a time, each with the events that come in shortly after.
 * A POST that fails is sent again until it succeeds or its time is over. No timer keeps the process alive.
 */
export class WebhookSender {
  readonly #webhook: WebSocketWebhook;
  readonly #keys: AppKeys;
  readonly #host: SenderHost;
  readonly #waiting = new WaitingEvents();
  #timer: NodeJS.Timeout | undefined;
  #sending: Promise<void> | undefined;
  #post: WebhookPost | undefined;
  /** Events that are being sent. */
  #inFlight = 0;
  /** Ends the wait before a retry. */
  #wake: (() => void) | undefined;
  #dropped = 0;
  #isClosing = false;
  #isClosed = false;

  constructor(webhook: WebSocketWebhook, keys: AppKeys, host: SenderHost) {
    this.#webhook = webhook;
    this.#keys = keys;
    this.#host = host;
  }

  /** Whether the webhook's options ask for an event. */
  takes({ name, channel }: WireEvent): boolean {
    const { events, channelPrefixes, exceptChannelPrefixes = [] } = this.#webhook;
    if (events !== undefined && !events.includes(name)) return false;
    const beginsWith = (prefix: string): boolean => channel.startsWith(prefix);
    if (exceptChannelPrefixes.some(beginsWith)) return false;
    return channelPrefixes === undefined || channelPrefixes.some(beginsWith);
  }

  /** Number of events that are not taken yet, with those that are being sent. */
  get waiting(): number {
    return this.#waiting.size + this.#inFlight;
  }

  /** Queues an event. */
  add(event: WireEvent): void {
    if (this.#isClosed) return;
    this.#drop(this.#waiting.add(event), 'too many of them wait to be sent');
    this.#schedule();
  }

  /**
   * Sends the events that wait, and takes no more.
   * @param timeoutMs how long it may take; events that are left then are dropped
   */
  async close(timeoutMs: number): Promise<void> {
    this.#isClosing = true;
    this.#wake?.();
    this.#schedule();
    const timer = setTimeout(() => this.#giveUp(), timeoutMs);
    while (this.#sending !== undefined) await this.#sending;
    clearTimeout(timer);
    this.#isClosed = true;
  }

  #giveUp(): void {
    this.#isClosed = true;
    this.#post?.abort();
    this.#wake?.();
  }

  #schedule(): void {
    if (this.#sending !== undefined || this.#waiting.size === 0) return;
    if (this.#isDue) this.#begin();
    else this.#timer ??= setTimeout(() => this.#begin(), this.#host.webhookBatchMs).unref();
  }

  /** Whether there are enough events to send them now. */
  get #isDue(): boolean {
    return this.#waiting.size >= (this.#isClosing ? 1 : this.#host.webhookBatchEvents);
  }

  #begin(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#sending = this.#sendBatches().finally(() => {
      this.#sending = undefined;
      this.#schedule();
    });
  }

  async #sendBatches(): Promise<void> {
    do {
      this.#drop(this.#waiting.dropOlderThan(RETRY_FOR_MS), 'those before them were not taken');
      const events = this.#waiting.take(this.#host.webhookBatchEvents);
      this.#inFlight = events.length;
      if (events.length > 0) await this.#deliver(events);
      this.#inFlight = 0;
    } while (this.#isDue && !this.#isClosed);
    if (this.#isClosed) this.#drop(this.#waiting.clear(), 'the server was closed');
  }

  /** Posts a batch until the receiver takes it or its time is over. */
  async #deliver(events: readonly WireEvent[]): Promise<void> {
    const body = JSON.stringify({ time_ms: this.#host.nextTime(), events });
    const headers = new Headers(this.#webhook.headers);
    for (const [name, value] of Object.entries(webhookHeaders(body, this.#keys))) headers.set(name, value);
    const until = performance.now() + RETRY_FOR_MS;
    let problem = '';
    for (let failures = 0; !this.#isClosed; failures++) {
      this.#post = new WebhookPost();
      const found = await this.#post.send(this.#webhook.url, headers, body);
      this.#post = undefined;
      if (found === undefined) {
        this.#host.counters.webhookEventsSent += events.length;
        this.#taken();
        return;
      }
      this.#host.counters.webhookFailures++;
      problem = found;
      // There is no time for long waits while it closes.
      const delay = backoffDelay(this.#isClosing ? 0 : failures);
      if (this.#isClosed || performance.now() + delay > until) break;
      if (failures === 0) this.#log('info', { reason: problem }, 'a webhook was not accepted and will be sent again');
      await this.#pause(delay);
    }
    if (this.#isClosed) this.#drop(events.length + this.#waiting.clear(), 'the server was closed');
    else this.#drop(events.length, problem);
  }

  #pause(ms: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, ms).unref();
    this.#wake = () => {
      clearTimeout(timer);
      resolve();
    };
    return promise;
  }

  /**
   * Counts lost events. Only the first ones are logged, with the reason; all together when the receiver takes a webhook
   * again.
   */
  #drop(events: number, reason: string): void {
    if (events === 0) return;
    if (this.#dropped === 0) this.#log('warn', { events, reason }, 'events of a webhook were dropped');
    this.#dropped += events;
    this.#host.counters.webhookEventsDropped += events;
  }

  #taken(): void {
    if (this.#dropped === 0) return;
    this.#log('info', { dropped: this.#dropped }, 'a webhook is taken again, some of whose events were dropped');
    this.#dropped = 0;
  }

  #log(level: 'info' | 'warn', details: object, text: string): void {
    // A query may hold a secret.
    const { origin, pathname } = new URL(this.#webhook.url);
    this.#host.logger()[level]({ url: origin + pathname, ...details }, `websocket: ${text}`);
  }
}

/** One attempt to post a webhook. */
export class WebhookPost {
  readonly #controller = new AbortController();

  /** Ends the attempt. */
  abort(): void {
    this.#controller.abort();
  }

  /**
   * Posts it, without following redirects. Never throws.
   * @returns undefined when the receiver took it, else in words what went wrong
   */
  async send(url: string, headers: Headers, body: string): Promise<string | undefined> {
    const { signal } = this.#controller;
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      this.abort();
    }, DEADLINE_MS).unref();
    try {
      const response = await fetch(url, { method: 'POST', headers, body, redirect: 'manual', signal });
      // The status is enough: a body may stall, so it is not waited for.
      response.body?.cancel().catch(() => {});
      return response.ok ? undefined : `it answered ${response.status}`;
    } catch (error) {
      return isLate
        ? `it did not answer within ${DEADLINE_MS / 1000} s`
        : `it could not be reached: ${reasonOf(error)}`;
    } finally {
      clearTimeout(timer);
    }
  }
}

/** The reason of a failed `fetch`, which is in the cause of its error. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause instanceof Error ? error.cause : error;
  return 'code' in cause && typeof cause.code === 'string' ? cause.code : cause.message;
}
