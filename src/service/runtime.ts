import type { ChannelRules } from '../authorization/rules.js';
import { answerFrom } from '../backends/contract/ask.js';
import { type BackendCapabilities, checkedCapabilities } from '../backends/contract/capabilities.js';
import { asPushError, openingError } from '../backends/contract/failure.js';
import type { AnyBackend } from '../backends/contract/wrapper.js';
import { loadBackend } from '../backends/load.js';
import { systemClock } from '../core/clock.js';
import { Deadline, type Wait } from '../core/deadline.js';
import { ConfigurationError } from '../core/errors.js';
import { defaultLogger, guarded, type Logger } from '../core/logger.js';
import { checkName, keepsTo } from '../core/names.js';
import { RepeatedLines } from '../core/repeated-lines.js';
import type { Awaitable } from '../core/until-aborted.js';
import { encodedData, jsonText } from '../delivery/json-text.js';
import { firedEarly } from '../delivery/plan.js';
import { DeliveryPolicy, deliveryDefaults } from '../delivery/retry.js';
import type { MessageQueue } from '../receiving/message-loop.js';
import { Streams } from '../receiving/streams.js';
import { Subscriptions } from '../receiving/subscriptions.js';
import { WebhookIntake } from '../receiving/webhook-intake.js';
import type { Conditions } from '../recording/conditions.js';
import type { MessageEvents } from '../recording/events.js';
import type { SessionAdapter } from '../sessions/adapter.js';
import type { CheckedSettings } from '../settings/settings.js';
import type { IncomingMessage } from '../wire/message.js';
import { Closing, counted } from './closing.js';
import { type ListeningHost, mayListen } from './listening.js';
import { RecordedMessages } from './recorded-messages.js';
import { Sender } from './sender.js';

/**
 * Longest time that closing takes, in milliseconds, where the settings do not say. Kubernetes and Heroku end a process
 * 30 s after they have asked it to end.
 */
const DEFAULT_CLOSE_TIMEOUT_MS = 25_000;

/** What a service keeps when it is configured anew. */
export interface RuntimeKeeps {
  readonly rules: ChannelRules;
  readonly conditions: Conditions;
  readonly messageEvents: MessageEvents;
}

/** The service that a runtime belongs to. */
export interface RuntimeHost extends RuntimeKeeps {
  /** The service itself, or what stands for it. */
  readonly owner: object;
  /** Gets the messages that come in for the application. */
  readonly receive: (message: IncomingMessage) => void;
  /** Whether this process may send what waits in a message store. */
  readonly works: boolean;
}

/** A configured service: its backend, its sessions, and all else that the settings decide. */
export class Runtime implements ListeningHost {
  readonly backend: AnyBackend;
  readonly sessions: SessionAdapter<never>;
  readonly subscriptions: Subscriptions;
  /** The streams of pages. They end with the backend. */
  readonly streams: Streams;
  /** The setting `streamSecret`. */
  readonly streamSecret: string | undefined;
  readonly webhooks: WebhookIntake;
  /** The setting `name`. */
  readonly name: string;
  readonly sender: Sender;
  /** The recorded messages, where the settings name a store. */
  readonly recorded: RecordedMessages | undefined;
  readonly rules: ChannelRules;
  /** The loops over `messages()`. They end with the backend. */
  readonly loops: Set<MessageQueue> = new Set();
  readonly logger: Logger;
  readonly capabilities: BackendCapabilities;
  /** How long the session adapter, a rule, the opening of the backend and others have, in milliseconds. */
  readonly timeout: number;
  /** Resolves when the backend is open, and rejects when it could not be opened. */
  #ready: Promise<void> = Promise.resolve();
  #state: 'before is closing' | 'opening' | 'open' = 'before is closing';
  readonly #closeTimeout: number;
  readonly #disconnect: () => void;
  /** Makes JSON text of data, as `send` does. @throws ValidationError for data that JSON loses */
  readonly json: (data: unknown) => string;

  /**
   * @param owner stands for the service, which the backend then belongs to
   * @param receive gets the messages that come in
   * @throws ConfigurationError when the backend cannot be built, or is in use by another service
   */
  constructor(settings: CheckedSettings, { owner, receive, works, rules, conditions, messageEvents }: RuntimeHost) {
    const { backend, sessions, logger = defaultLogger, ...rest } = settings;
    const {
      timeout = deliveryDefaults.timeout,
      retries = deliveryDefaults.retries,
      concurrency = deliveryDefaults.concurrency,
      closeTimeout = DEFAULT_CLOSE_TIMEOUT_MS,
      streamSecret,
      defaultEvent = 'push-event',
      encode,
      name = 'default',
      messages,
      queue,
      recording,
      worker,
      clock = systemClock,
      ...backendSettings
    } = rest;
    if (queue !== undefined && (messages === undefined || messages === false))
      throw new ConfigurationError(
        'PUSH_SERVER: "queue" needs "messages", a message store: a queue carries the ids of recorded messages.',
      );
    this.logger = guarded(logger);
    this.backend = loadBackend(backend, backendSettings);
    this.subscriptions = new Subscriptions(this.backend, timeout);
    this.streams = new Streams(this.subscriptions, this.logger);
    this.streamSecret = streamSecret;
    this.timeout = timeout;
    this.name = name;
    this.#closeTimeout = closeTimeout;
    this.webhooks = new WebhookIntake(this.backend, { receive, logger: this.logger, timeout });
    this.capabilities = checkedCapabilities(this.backend);
    const { channelName } = this.capabilities;
    const adapter = sessions ?? this.backend.defaultSessions();
    this.sessions = adapter.namedFor?.((channel) => keepsTo(channelName, channel)) ?? adapter;
    const policy = new DeliveryPolicy({ timeout, retries, concurrency, clock });
    const { backend: built, capabilities } = this;
    const way = {
      planning: {
        defaultEvent,
        encode,
        backend: built,
        capabilities,
        sessions: this.sessions,
        timeout,
        logger: this.logger,
      },
      // What every request may log alike is rated.
      delivering: { backend: built, capabilities, policy, logger: new RepeatedLines().on(this.logger) },
    };
    this.recorded =
      messages === undefined || messages === false
        ? undefined
        : new RecordedMessages({
            service: name,
            messages,
            queue,
            recording,
            worker,
            works: works && worker !== false,
            clock,
            backend: built,
            capabilities,
            sessions: this.sessions,
            conditions,
            events: messageEvents,
            logger: this.logger,
            timeout,
            planning: { ...way.planning, isRecorded: true },
            delivering: way.delivering,
            isOpen: () => this.isOpen,
            opened: (time, signal) => this.opened(time, signal),
          });
    this.sender = new Sender(this, way);
    this.json = (data) => jsonText(encode === undefined ? data : encodedData(data, encode));
    this.rules = rules;
    this.#disconnect = this.backend.connect({
      receive: (message) => {
        this.streams.deliver(message);
        if (this.subscriptions.isForApplication(message.subscription ?? message.channel)) receive(message);
      },
      mayListen: async (request) => (await mayListen(request, this)).listener,
      logger,
      json: this.json,
      owner,
      concurrency,
      timeout,
    });
  }

  /** Opens the backend, once the runtime before has ended. A failure is logged, and every `send` throws it. */
  open(before: Promise<void>): void {
    this.recorded?.start();
    this.#ready = before.then(() => this.#openBackend());
    this.#ready.catch((error: unknown) =>
      this.logger.error({ err: error }, `the ${this.backend.name} backend could not be opened`),
    );
  }

  async #openBackend(): Promise<void> {
    this.#state = 'opening';
    try {
      await this.backend.open();
    } catch (error) {
      throw openingError(error, this.backend);
    }
    this.#state = 'open';
    this.recorded?.wake();
  }

  /** Whether the backend is open, so that nobody needs to wait for it. */
  get isOpen(): boolean {
    return this.#state === 'open';
  }

  /**
   * Resolves when the backend is open.
   * @param timeout how long to wait, in milliseconds. @default the setting `timeout`
   * @returns the runtime itself
   * @throws PushError when it could not be opened; TimeoutError when it has not opened in time; AbortError
   */
  async opened(timeout: number = this.timeout, signal?: AbortSignal): Promise<this> {
    if (signal?.aborted) throw firedEarly(signal);
    if (this.isOpen) return this;
    await new Deadline(timeout).wait(this.#ready, () => this.#notOpened, { signal, aborted: firedEarly });
    return this;
  }

  get #notOpened(): Wait {
    const { name: backend } = this.backend;
    const missing =
      this.#state === 'before is closing'
        ? `The backend that was configured before the ${backend} backend did not close`
        : `The ${backend} backend did not open`;
    return { missing, consequence: 'nothing was sent', backend };
  }

  /**
   * Asks the backend for something.
   * @param failure what it did not do when it does not answer, in words
   * @throws PushError
   */
  ask<Answer>(question: (backend: AnyBackend) => Awaitable<Answer>, failure: string): Promise<Answer> {
    return answerFrom(this.backend, this.timeout, question, failure);
  }

  /** @throws ValidationError for a name that the backend does not take */
  checkedChannel(name: string): string {
    checkName(name, 'channel', this.capabilities.channelName, this.backend.name);
    return name;
  }

  /**
   * Waits for the messages that are being sent, ends the loops, closes the backend, and waits for the handlers of
   * webhooks: all of it within `closeTimeout`. What has not ended by then is logged.
   * @throws PushError when the backend could not be closed
   */
  async close(): Promise<void> {
    const { name } = this.backend;
    const closing = new Closing(this.#closeTimeout);
    const { firstHalf, whole } = closing;
    this.streams.close();
    const { recorded } = this;
    if (recorded !== undefined)
      await closing.waitFor(recorded.stop(), firstHalf, () => 'recorded messages, which others send');
    await closing.waitFor(this.sender.idle(), firstHalf, () => counted(this.sender.underWay, 'send'));
    if (recorded !== undefined) await closing.waitFor(recorded.close(), whole, () => 'the message store');
    await closing.waitFor(
      this.#ready.catch(() => {}),
      firstHalf,
      () => `the opening of the ${name} backend`,
    );
    await closing.waitFor(
      Promise.all([...this.loops].map((loop) => loop.end())),
      firstHalf,
      () => 'the end of the subscriptions of messages()',
    );
    try {
      await closing.waitFor(this.#closeBackend(), whole, () => `the closing of the ${name} backend`);
    } finally {
      await closing.waitFor(this.webhooks.idle(), whole, () => counted(this.webhooks.underWay, 'webhook handler'));
      this.#disconnect();
      closing.log(this.logger);
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
