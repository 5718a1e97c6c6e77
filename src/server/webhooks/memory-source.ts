import type { WireEvent } from '../../pusher-protocol/webhooks.js';
import type { WebhookReport } from './report.js';
import { type Batch, type EventSource, RETRY_FOR_MS } from './sender.js';
import { WaitingEvents } from './waiting-events.js';

/** What goes into the bodies of an application's webhooks. */
export interface BodyLimits {
  readonly webhookBatchEvents: number;
  /** Returns the time that goes into the next webhook, in milliseconds since 1970. */
  nextTime(): number;
}

/** Events of this process alone, in its memory. */
export class MemorySource implements EventSource {
  readonly isKept = false;
  readonly #waiting = new WaitingEvents();
  readonly #limits: BodyLimits;
  readonly #report: WebhookReport;

  constructor(limits: BodyLimits, report: WebhookReport) {
    this.#limits = limits;
    this.#report = report;
  }

  /** Adds an event. */
  add(event: WireEvent): void {
    this.#report.dropped(this.#waiting.add(event), 'too many of them wait to be sent');
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  get hasMore(): boolean {
    return this.#waiting.size > 0;
  }

  take(): Batch | undefined {
    this.#report.dropped(this.#waiting.dropOlderThan(RETRY_FOR_MS), 'those before them were not taken');
    const events = this.#waiting.take(this.#limits.webhookBatchEvents);
    if (events.length === 0) return undefined;
    return { body: webhookBody(this.#limits.nextTime(), events), events: events.length, ageMs: 0, end: () => {} };
  }

  abandon(): number {
    return this.#waiting.clear();
  }
}

/** The body of a webhook. */
export function webhookBody(time: number, events: readonly WireEvent[]): string {
  return JSON.stringify({ time_ms: time, events });
}
