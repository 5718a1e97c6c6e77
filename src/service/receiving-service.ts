import type { AnyBackend } from '../backends/contract/wrapper.js';
import { checkOptionNames } from '../core/call-options.js';
import type { WebhookEvent, WebhookHandler } from '../webhooks/event.js';
import type { WebhookSource } from '../webhooks/source.js';
import { type BackendsByName, ConfiguredService } from './configured-service.js';
import type { CurrentRuntime } from './current-runtime.js';

/** Options of `webhook`. @typeParam Name the names of the setting `backends` */
export interface WebhookOptions<Name extends string = string> {
  /** The backend that the webhook is for. @default the first */
  readonly backend?: Name | undefined;
}

/** The part of a push service that hears: subscriptions and webhooks. */
export abstract class ReceivingService<
  Backend extends AnyBackend,
  Backends extends BackendsByName,
> extends ConfiguredService<Backend, Backends> {
  readonly #runtime: CurrentRuntime;

  constructor(runtime: CurrentRuntime) {
    super(runtime);
    this.#runtime = runtime;
  }

  /**
   * Subscribes to a channel: its messages fire `messageReceived`. Subscribing twice changes nothing.
   * @throws UnsupportedOperationError when the backend cannot receive
   */
  async subscribe(channel: string): Promise<void> {
    const runtime = await this.#runtime.configured.opened();
    await runtime.subscriptions.subscribe(runtime.checkedChannel(channel));
  }

  /** Ends the subscription of `subscribe`. A channel without one is ignored. */
  async unsubscribe(channel: string): Promise<void> {
    // As in subscribe(), so that calls of both run in their order.
    const runtime = await this.#runtime.configured.opened();
    await runtime.subscriptions.unsubscribe(runtime.checkedChannel(channel));
  }

  /**
   * Reads a webhook of the provider, verifies it, and drops events that came before. Client events also fire
   * `messageReceived`.
   * @param request a web `Request`, a Node request, or `{ headers, rawBody }`
   * @param handle called with each event, one after the other. When it throws or rejects, so does this call, and the
   * event is handled again when the provider repeats it. @default none: an event counts as handled when this call
   * returns it
   * @param options `backend`: of several backends, the name of the one that the webhook is for. @default the first
   * @returns the new events
   * @throws AuthenticationError for a webhook that is forged or too old; ValidationError for one that cannot be read
   * @throws TimeoutError for a body that does not arrive, or a handler that does not end, in time
   * @throws UnsupportedOperationError when the backend takes no webhooks
   * @throws ConfigurationError for a name that is none of the backends
   * @throws whatever `handle` throws
   * @example
   * const events = await PushService.webhook(request, async (event) => {
   *   if (event.type === 'channelVacated') await stopFeed(event.channel);
   * });
   */
  async webhook(
    request: WebhookSource,
    handle?: WebhookHandler,
    options: WebhookOptions<keyof Backends & string> = {},
  ): Promise<readonly WebhookEvent[]> {
    checkOptionNames(options, ['backend'], 'webhook()');
    // An embedded server still sends webhooks while it closes, when the next runtime is not open yet.
    const runtime = this.#runtime.ending ?? this.#runtime.configured;
    const backend = runtime.named(options.backend);
    await backend.opened(runtime.timeout);
    return backend.webhooks.take(request, handle);
  }
}
