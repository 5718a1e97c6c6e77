import type { AppKeys } from '../../pusher-protocol/signature.js';
import { webhookHeaders } from '../../pusher-protocol/webhooks.js';
import { backoffDelay } from '../../wire/backoff.js';
import type { WebSocketWebhook } from './options.js';
import { WebhookPost } from './post.js';
import type { WebhookReport } from './report.js';

/** How long a webhook is retried, in milliseconds. Source: https://pusher.com/docs/channels/server_api/webhooks */
export const RETRY_FOR_MS = 300_000;

/** The options that say how many events share a webhook. */
export interface BatchLimits {
  readonly webhookBatchMs: number;
  readonly webhookBatchEvents: number;
}

/** Events that share one webhook. */
export interface Batch {
  /** The webhook's body, which stays the same however often it is sent. */
  readonly body: string;
  /** How many events are in it. */
  readonly events: number;
  /** For how long it has been tried by others, in milliseconds. */
  readonly ageMs: number;
  /** The receiver has taken it, or it was given up: it must not come again. Does not throw. */
  end(): void | Promise<void>;
  /**
   * Keeps it for this process while it is being sent. Does not throw.
   * @param lost another process sends it from now on
   * @returns keeps it no longer
   */
  keep?(lost: () => void): () => void;
}

/** Where the events of a sender come from: the memory of this process, or a log that all nodes share. */
export interface EventSource {
  /** Number of events that wait, as far as this process knows. */
  readonly waiting: number;
  /** Whether {@link take} has to be called again. */
  readonly hasMore: boolean;
  /** Takes the next events. Returns undefined when there are none for this process. Does not throw. */
  take(): Batch | undefined | Promise<Batch | undefined>;
  /** Whether it keeps what is left when the server closes, for another process or for later. */
  readonly isKept: boolean;
  /** The server was closed: what waits is left. Returns how many events are lost with it. */
  abandon(): number;
}

/**
 * Sends the events of one source to one webhook in their order, one POST at a time, each with the events that come in
 * shortly after. A POST that fails is sent again until it succeeds or its time is over. No timer keeps the process
 * alive.
 */
export class WebhookSender {
  readonly #webhook: WebSocketWebhook;
  readonly #keys: AppKeys;
  readonly #source: EventSource;
  readonly #limits: BatchLimits;
  readonly #report: WebhookReport;
  #timer: NodeJS.Timeout | undefined;
  #sending: Promise<void> | undefined;
  #post: WebhookPost | undefined;
  /** Events that are being sent. */
  #inFlight = 0;
  /** Ends the wait before a retry. */
  #wake: (() => void) | undefined;
  #isClosing = false;
  #isClosed = false;

  constructor(
    webhook: WebSocketWebhook,
    keys: AppKeys,
    source: EventSource,
    limits: BatchLimits,
    report: WebhookReport,
  ) {
    this.#webhook = webhook;
    this.#keys = keys;
    this.#source = source;
    this.#limits = limits;
    this.#report = report;
  }

  /** Number of events that are not taken yet, with those that are being sent. */
  get waiting(): number {
    return this.#source.waiting + this.#inFlight;
  }

  /** Sends what is in the source: in time, or at once when there is enough. A sender that is closed drops it. */
  schedule(): void {
    if (this.#isClosed) this.#source.abandon();
    if (this.#sending !== undefined || !this.#source.hasMore) return;
    if (this.#isDue) this.#begin();
    else this.#timer ??= setTimeout(() => this.#begin(), this.#limits.webhookBatchMs).unref();
  }

  /** Sends what is in the source at once, also when this process does not know of anything there. */
  look(): void {
    if (!this.#isClosed && this.#sending === undefined) this.#begin();
  }

  /**
   * Sends the events that wait, and takes no more.
   * @param timeoutMs how long it may take; events that are left then are dropped, unless the source keeps them
   */
  async close(timeoutMs: number): Promise<void> {
    this.#isClosing = true;
    this.#wake?.();
    this.schedule();
    const { promise: late, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(() => {
      this.#isClosed = true;
      this.#interrupt();
      // What is lost is counted before it ends. Nothing is lost that the source keeps, whose answer may take long.
      if (this.#source.isKept) resolve();
    }, timeoutMs);
    while (this.#sending !== undefined && !(this.#isClosed && this.#source.isKept))
      await Promise.race([this.#sending, late]);
    clearTimeout(timer);
    this.#isClosed = true;
  }

  #interrupt(): void {
    this.#post?.abort();
    this.#wake?.();
  }

  /** Whether there are enough events to send them now. */
  get #isDue(): boolean {
    return this.#isClosing ? this.#source.hasMore : this.#source.waiting >= this.#limits.webhookBatchEvents;
  }

  #begin(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#sending = this.#sendBatches().finally(() => {
      this.#sending = undefined;
      this.schedule();
    });
  }

  async #sendBatches(): Promise<void> {
    do {
      const batch = await this.#source.take();
      this.#inFlight = batch?.events ?? 0;
      if (batch !== undefined) await this.#deliver(batch);
      this.#inFlight = 0;
    } while (this.#isDue && !this.#isClosed);
    if (this.#isClosed) this.#report.dropped(this.#source.abandon(), 'the server was closed');
  }

  async #deliver(batch: Batch): Promise<void> {
    let isLost = false;
    const release = batch.keep?.(() => {
      isLost = true;
      this.#interrupt();
    });
    const problem = await this.#send(batch, () => isLost || this.#isClosed);
    release?.();
    if (problem === undefined) this.#report.sent(batch.events);
    else if (isLost || (this.#isClosed && this.#source.isKept)) return;
    else if (this.#isClosed) this.#report.dropped(batch.events + this.#source.abandon(), 'the server was closed');
    else this.#report.dropped(batch.events, problem);
    await batch.end();
  }

  /**
   * Posts a batch until the receiver takes it or its time is over.
   * @returns undefined when the receiver took it, else in words what went wrong
   */
  async #send({ body, ageMs }: Batch, isOver: () => boolean): Promise<string | undefined> {
    const headers = new Headers(this.#webhook.headers);
    for (const [name, value] of Object.entries(webhookHeaders(body, this.#keys))) headers.set(name, value);
    const until = performance.now() + RETRY_FOR_MS - ageMs;
    let problem = '';
    for (let failures = 0; !isOver(); failures++) {
      this.#post = new WebhookPost();
      const found = await this.#post.send(this.#webhook.url, headers, body);
      this.#post = undefined;
      if (found === undefined) return undefined;
      this.#report.failed();
      problem = found;
      // There is no time for long waits while it closes.
      const delay = backoffDelay(this.#isClosing ? 0 : failures);
      if (isOver() || performance.now() + delay > until) break;
      if (failures === 0) this.#report.retrying(problem);
      await this.#pause(delay);
    }
    return problem;
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
}
