import type { AppKeys } from '../../pusher-protocol/signature.js';
import type { WireEvent } from '../../pusher-protocol/webhooks.js';
import type { AppEvents } from './app-events.js';
import { takes } from './filter.js';
import { type BodyLimits, MemorySource } from './memory-source.js';
import type { WebSocketWebhook } from './options.js';
import { type WebhookHost, WebhookReport } from './report.js';
import { type BatchLimits, WebhookSender } from './sender.js';

interface Route {
  readonly webhook: WebSocketWebhook;
  readonly source: MemorySource;
  readonly sender: WebhookSender;
}

/** The events of an application that one process serves alone: what waits is in its memory. */
export class LocalEvents implements AppEvents {
  readonly goesOn = false;
  readonly #routes: readonly Route[];

  constructor(
    app: AppKeys,
    webhooks: readonly WebSocketWebhook[],
    limits: BatchLimits & BodyLimits,
    host: WebhookHost,
  ) {
    this.#routes = webhooks.map((webhook) => {
      const report = new WebhookReport(webhook, host);
      const source = new MemorySource(limits, report);
      return { webhook, source, sender: new WebhookSender(webhook, app, source, limits, report) };
    });
  }

  open(): void {}

  take(event: WireEvent): void {
    for (const { webhook, source, sender } of this.#routes) {
      if (!takes(webhook, event)) continue;
      source.add(event);
      sender.schedule();
    }
  }

  get waiting(): number {
    return this.#routes.reduce((sum, { sender }) => sum + sender.waiting, 0);
  }

  /** Events that are left after the time are dropped. */
  async close(timeoutMs: number): Promise<void> {
    await Promise.all(this.#routes.map(({ sender }) => sender.close(timeoutMs)));
  }
}
