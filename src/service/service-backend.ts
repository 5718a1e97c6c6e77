import type { ChannelRules } from '../authorization/rules.js';
import { type BackendCapabilities, checkedCapabilities } from '../backends/contract/capabilities.js';
import { asPushError, openingError } from '../backends/contract/failure.js';
import type { AnyBackend } from '../backends/contract/wrapper.js';
import { Deadline, type Wait } from '../core/deadline.js';
import type { Logger } from '../core/logger.js';
import { keepsTo } from '../core/names.js';
import { RepeatedLines } from '../core/repeated-lines.js';
import type { DeliveryContext } from '../delivery/deliver.js';
import type { Destination } from '../delivery/destination.js';
import type { EncodeValue } from '../delivery/json-text.js';
import { firedEarly, type PlanContext } from '../delivery/plan.js';
import type { DeliveryPolicy } from '../delivery/retry.js';
import { Streams } from '../receiving/streams.js';
import { Subscriptions } from '../receiving/subscriptions.js';
import { WebhookIntake } from '../receiving/webhook-intake.js';
import type { SessionAdapter } from '../sessions/adapter.js';
import type { IncomingMessage } from '../wire/message.js';
import { type Closing, counted } from './closing.js';
import { type ListeningHost, mayListen } from './listening.js';

/** What the backends of a service share. */
export interface SharedByBackends {
  /** Stands for the service, which the backends then belong to. */
  readonly owner: object;
  /** The name of the service. */
  readonly service: string;
  /** Gets the messages that come in for the application. */
  readonly receive: (message: IncomingMessage) => void;
  readonly rules: ChannelRules;
  /** The setting `logger`, as it was given, and guarded. */
  readonly givenLogger: Logger;
  readonly logger: Logger;
  readonly timeout: number;
  readonly concurrency: number;
  readonly streamSecret: string | undefined;
  readonly defaultEvent: string;
  readonly encode: EncodeValue | undefined;
  /** Turns data into JSON text as `send` does. */
  readonly json: (data: unknown) => string;
  /** Makes the policy of a backend, with a bound of its own for requests in flight. */
  readonly policy: () => DeliveryPolicy;
}

/** One backend of a configured service, with its sessions: it is opened, connected and closed here. */
export class ServiceBackend implements Destination, ListeningHost {
  readonly name: string;
  readonly backend: AnyBackend;
  readonly capabilities: BackendCapabilities;
  readonly sessions: SessionAdapter<never>;
  readonly planning: Omit<PlanContext, 'isRecorded'>;
  readonly delivering: DeliveryContext;
  readonly subscriptions: Subscriptions;
  /** The streams of pages. They end with the backend. */
  readonly streams: Streams;
  readonly webhooks: WebhookIntake;
  readonly rules: ChannelRules;
  readonly logger: Logger;
  readonly timeout: number;
  readonly streamSecret: string | undefined;
  readonly #shared: SharedByBackends;
  /** Resolves when the backend is open, and rejects when it could not be opened. */
  #ready: Promise<void> = Promise.resolve();
  #state: 'before is closing' | 'opening' | 'open' | 'failed' = 'before is closing';
  /** `performance.now()` when the opening began. */
  #openingSince = 0;
  #disconnect: () => void = () => {};

  /**
   * @param name its key in the setting `backends`. @default the backend's own name
   * @param sessions @default the backend's own
   */
  constructor(
    {
      name,
      backend,
      sessions,
    }: { name: string | undefined; backend: AnyBackend; sessions?: SessionAdapter<never> | undefined },
    shared: SharedByBackends,
  ) {
    const { logger, timeout, receive, defaultEvent, encode } = shared;
    this.#shared = shared;
    this.name = name ?? backend.name;
    this.backend = backend;
    this.rules = shared.rules;
    this.logger = logger;
    this.timeout = timeout;
    this.streamSecret = shared.streamSecret;
    this.subscriptions = new Subscriptions(backend, timeout);
    this.streams = new Streams(this.subscriptions, logger);
    this.webhooks = new WebhookIntake(backend, { receive, logger, timeout, service: shared.service });
    this.capabilities = checkedCapabilities(backend);
    const { channelName } = this.capabilities;
    const adapter = sessions ?? backend.defaultSessions();
    this.sessions = adapter.namedFor?.((channel) => keepsTo(channelName, channel)) ?? adapter;
    const { capabilities } = this;
    this.planning = { defaultEvent, encode, backend, capabilities, sessions: this.sessions, timeout, logger };
    // What every request may log alike is rated.
    this.delivering = { backend, capabilities, policy: shared.policy(), logger: new RepeatedLines().on(logger) };
  }

  /** Makes the backend the service's own. @throws ConfigurationError when it is in use by another service */
  connect(): void {
    const { receive, givenLogger: logger, json, owner, concurrency, timeout } = this.#shared;
    this.#disconnect = this.backend.connect({
      receive: (message) => {
        this.streams.deliver(message);
        if (this.subscriptions.isForApplication(message.subscription ?? message.channel)) receive(message);
      },
      mayListen: async (request) => (await mayListen(request, this)).listener,
      logger,
      json,
      owner,
      concurrency,
      timeout,
    });
  }

  /** Ends what {@link connect} began. */
  disconnect(): void {
    this.#disconnect();
  }

  /**
   * Opens the backend, once the runtime before has ended. A failure is logged, and whatever needs the backend throws
   * it.
   */
  open(before: Promise<void>, opened: () => void): void {
    this.#openingSince = performance.now();
    this.#ready = before.then(() => this.#openBackend()).then(opened);
    this.#ready.catch((error: unknown) =>
      this.logger.error({ err: error }, `the ${this.backend.name} backend could not be opened`),
    );
  }

  async #openBackend(): Promise<void> {
    this.#state = 'opening';
    try {
      await this.backend.open();
    } catch (error) {
      this.#state = 'failed';
      throw openingError(error, this.backend);
    }
    this.#state = 'open';
  }

  get isOpen(): boolean {
    return this.#state === 'open';
  }

  get isOpening(): boolean {
    if (this.#state === 'open' || this.#state === 'failed') return false;
    return performance.now() - this.#openingSince < this.timeout;
  }

  async opened(timeout: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted) throw firedEarly(signal);
    if (this.isOpen) return;
    await new Deadline(timeout).wait(this.#ready, () => this.#notOpened, { signal, aborted: firedEarly });
  }

  get #notOpened(): Wait {
    const { name: backend } = this.backend;
    const missing =
      this.#state === 'before is closing'
        ? `The backend that was configured before the ${backend} backend did not close`
        : `The ${backend} backend did not open`;
    return { missing, consequence: 'nothing was sent', backend };
  }

  /** Waits until the opening of the backend has ended, in whatever way. */
  async openingEnds(closing: Closing): Promise<void> {
    const ended = this.#ready.catch(() => {});
    await closing.waitFor(ended, closing.firstHalf, () => `the opening of the ${this.backend.name} backend`);
  }

  /**
   * Closes the backend, and waits for the handlers of its webhooks.
   * @throws PushError when it could not be closed
   */
  async close(closing: Closing): Promise<void> {
    const { whole } = closing;
    const { webhooks } = this;
    try {
      await closing.waitFor(this.#closeBackend(), whole, () => `the closing of the ${this.backend.name} backend`);
    } finally {
      await closing.waitFor(webhooks.idle(), whole, () => counted(webhooks.underWay, 'webhook handler'));
      this.#disconnect();
    }
  }

  async #closeBackend(): Promise<void> {
    try {
      await this.backend.close();
    } catch (error) {
      throw asPushError(error, this.backend);
    }
  }
}
