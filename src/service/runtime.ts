import { type BackendCapabilities, checkedCapabilities } from '../backends/contract/capabilities.js';
import { asPushError, openingError } from '../backends/contract/failure.js';
import type { AnyBackend } from '../backends/contract/wrapper.js';
import { loadBackend } from '../backends/load.js';
import { AbortError } from '../core/errors.js';
import { defaultLogger, guarded, type Logger } from '../core/logger.js';
import { checkName, keepsTo } from '../core/names.js';
import type { SendReport } from '../core/report.js';
import { untilAborted } from '../core/until-aborted.js';
import { deliver } from '../delivery/deliver.js';
import { plan } from '../delivery/plan.js';
import { reportOf, throwIfAllRejected } from '../delivery/report.js';
import { DeliveryPolicy, deliveryDefaults } from '../delivery/retry.js';
import type { SendOptions } from '../delivery/send-options.js';
import type { MessageQueue } from '../receiving/message-loop.js';
import { Subscriptions } from '../receiving/subscriptions.js';
import { WebhookIntake } from '../receiving/webhook-intake.js';
import type { SessionAdapter } from '../sessions/adapter.js';
import type { CheckedSettings } from '../settings/settings.js';
import type { IncomingMessage } from '../wire/message.js';

/** A configured service: its backend, its sessions, and all else that the settings decide. */
export class Runtime {
  readonly backend: AnyBackend;
  readonly sessions: SessionAdapter<never>;
  readonly subscriptions: Subscriptions;
  readonly webhooks: WebhookIntake;
  /** The loops over `messages()`. They end with the backend. */
  readonly loops: Set<MessageQueue> = new Set();
  readonly logger: Logger;
  /** Resolves when the backend is open, and rejects when it could not be opened. */
  ready: Promise<void> = Promise.resolve();
  readonly capabilities: BackendCapabilities;
  readonly #policy: DeliveryPolicy;
  readonly #disconnect: () => void;
  #running = 0;
  #idle: PromiseWithResolvers<void> | undefined;

  /**
   * @param owner the service that is configured
   * @param receive gets the messages that come in
   * @throws ConfigurationError when the backend cannot be built, or is in use by another service
   */
  constructor(settings: CheckedSettings, owner: object, receive: (message: IncomingMessage) => void) {
    const { backend, sessions, logger = defaultLogger, ...rest } = settings;
    const {
      timeout = deliveryDefaults.timeout,
      retries = deliveryDefaults.retries,
      concurrency = deliveryDefaults.concurrency,
      ...backendSettings
    } = rest;
    this.logger = guarded(logger);
    this.backend = loadBackend(backend, backendSettings);
    this.subscriptions = new Subscriptions(this.backend);
    this.webhooks = new WebhookIntake(this.backend, receive);
    this.capabilities = checkedCapabilities(this.backend);
    const { channelName } = this.capabilities;
    const adapter = sessions ?? this.backend.defaultSessions();
    this.sessions = adapter.namedFor?.((channel) => keepsTo(channelName, channel)) ?? adapter;
    this.#policy = new DeliveryPolicy({ timeout, retries, concurrency });
    this.#disconnect = this.backend.connect({ receive, logger, owner, concurrency });
  }

  /** Opens the backend, once the runtime before has ended. A failure is logged, and every `send` throws it. */
  open(before: Promise<void>): void {
    this.ready = before.then(() => this.#openBackend());
    this.ready.catch((error: unknown) =>
      this.logger.error({ err: error }, `the ${this.backend.name} backend could not be opened`),
    );
  }

  async #openBackend(): Promise<void> {
    try {
      await this.backend.open();
    } catch (error) {
      throw openingError(error, this.backend);
    }
  }

  /** @throws ValidationError for a name that the backend does not take */
  checkedChannel(name: string): string {
    checkName(name, 'channel', this.capabilities.channelName, this.backend.name);
    return name;
  }

  /**
   * Plans messages and delivers them.
   * @returns a report for each message, in their order
   * @throws ValidationError or UnsupportedOperationError when nothing was sent; DeliveryError when no channel accepted;
   * AbortError
   */
  async send<User>(
    messages: readonly SendOptions<User>[],
    signal: AbortSignal | undefined,
  ): Promise<SendReport<User>[]> {
    const startedAt = performance.now();
    if (signal?.aborted) throw tooEarly(signal);
    const { backend, sessions, logger } = this;
    this.#running++;
    try {
      const planned = await plan(messages, { backend, capabilities: this.capabilities, sessions, logger });
      await untilAborted(this.ready, signal, tooEarly);
      const deliveries = await deliver(planned, {
        backend,
        capabilities: this.capabilities,
        policy: this.#policy,
        signal,
      });
      const reports = deliveries.map((delivery) => reportOf<User>(delivery, startedAt));
      throwIfAllRejected(reports, backend.name);
      return reports;
    } finally {
      this.#running--;
      if (this.#running === 0) this.#idle?.resolve();
    }
  }

  /**
   * Waits for the messages that are being sent, ends the loops and closes the backend.
   * @throws PushError when that fails
   */
  async close(): Promise<void> {
    if (this.#running > 0) {
      this.#idle ??= Promise.withResolvers();
      await this.#idle.promise;
    }
    await this.ready.catch(() => {});
    await Promise.all([...this.loops].map((loop) => loop.end()));
    try {
      await this.backend.close();
    } catch (error) {
      throw asPushError(error, this.backend);
    } finally {
      this.#disconnect();
    }
  }
}

function tooEarly({ reason }: AbortSignal): AbortError {
  return new AbortError('The signal fired before anything was sent.', { cause: reason });
}
