import type { ChannelRules } from '../authorization/rules.js';
import { answerFrom } from '../backends/contract/ask.js';
import type { BackendCapabilities } from '../backends/contract/capabilities.js';
import type { AnyBackend } from '../backends/contract/wrapper.js';
import { loadBackend } from '../backends/load.js';
import { systemClock } from '../core/clock.js';
import { ConfigurationError } from '../core/errors.js';
import { defaultLogger, guarded, type Logger } from '../core/logger.js';
import { checkName } from '../core/names.js';
import { didYouMean } from '../core/schema-check.js';
import type { Awaitable } from '../core/until-aborted.js';
import { Destinations } from '../delivery/destination.js';
import { encodedData, jsonText } from '../delivery/json-text.js';
import { DeliveryPolicy, deliveryDefaults } from '../delivery/retry.js';
import type { MessageQueue } from '../receiving/message-loop.js';
import type { Streams } from '../receiving/streams.js';
import type { Subscriptions } from '../receiving/subscriptions.js';
import type { Conditions } from '../recording/conditions.js';
import type { MessageEvents } from '../recording/events.js';
import type { SessionAdapter } from '../sessions/adapter.js';
import type { CheckedBackend } from '../settings/child-settings.js';
import type { CheckedSettings } from '../settings/settings.js';
import type { IncomingMessage } from '../wire/message.js';
import { Closing, counted } from './closing.js';
import type { ListeningHost } from './listening.js';
import { RecordedMessages } from './recorded-messages.js';
import { Sender } from './sender.js';
import { ServiceBackend, type SharedByBackends } from './service-backend.js';

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

/** A configured service: its backends, their sessions, and all else that the settings decide. */
export class Runtime implements ListeningHost {
  /** In the order of the settings. What is not asked of all goes by the first. */
  readonly all: readonly ServiceBackend[];
  readonly #first: ServiceBackend;
  readonly destinations: Destinations;
  /** The setting `name`. */
  readonly name: string;
  readonly sender: Sender;
  /** The recorded messages, where the settings name a store. */
  readonly recorded: RecordedMessages | undefined;
  readonly rules: ChannelRules;
  /** The loops over `messages()`. They end with the backend. */
  readonly loops: Set<MessageQueue> = new Set();
  readonly logger: Logger;
  /** How long the session adapter, a rule, the opening of the backend and others have, in milliseconds. */
  readonly timeout: number;
  /** The setting `streamSecret`. */
  readonly streamSecret: string | undefined;
  readonly #closeTimeout: number;
  /** Makes JSON text of data, as `send` does. @throws ValidationError for data that JSON loses */
  readonly json: (data: unknown) => string;

  /**
   * @param owner stands for the service, which the backend then belongs to
   * @param receive gets the messages that come in
   * @throws ConfigurationError when a backend cannot be built, or is in use by another service
   */
  constructor(settings: CheckedSettings, { owner, receive, works, rules, conditions, messageEvents }: RuntimeHost) {
    const {
      sessions,
      logger = defaultLogger,
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
    } = settings.service;
    if (queue !== undefined && (messages === undefined || messages === false))
      throw new ConfigurationError(
        'PUSH_SERVER: "queue" needs "messages", a message store: a queue carries the ids of recorded messages.',
      );
    this.logger = guarded(logger);
    this.timeout = timeout;
    this.streamSecret = streamSecret;
    this.rules = rules;
    this.name = name;
    this.json = (data) => jsonText(encode === undefined ? data : encodedData(data, encode));
    this.#closeTimeout = closeTimeout;
    const shared: SharedByBackends = {
      owner,
      service: name,
      receive,
      rules,
      givenLogger: logger,
      logger: this.logger,
      timeout,
      concurrency,
      streamSecret,
      defaultEvent,
      encode,
      json: this.json,
      policy: () => new DeliveryPolicy({ timeout, retries, concurrency, clock }),
    };
    this.all = loadBackends(settings, (backend, { name: own, sessions: ownSessions = sessions }) => {
      return new ServiceBackend({ name: own, backend, sessions: ownSessions }, shared);
    });
    const all = this.all as readonly [ServiceBackend, ...ServiceBackend[]];
    [this.#first] = all;
    const { areNamed, routes } = settings;
    this.destinations = new Destinations(all, { areNamed, routes });
    const { destinations } = this;
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
            destinations,
            conditions,
            events: messageEvents,
            logger: this.logger,
            timeout,
          });
    this.sender = new Sender(this);
    connectAll(this.all);
  }

  /** The first backend. */
  get backend(): AnyBackend {
    return this.#first.backend;
  }

  get sessions(): SessionAdapter<never> {
    return this.#first.sessions;
  }

  get capabilities(): BackendCapabilities {
    return this.#first.capabilities;
  }

  get subscriptions(): Subscriptions {
    return this.#first.subscriptions;
  }

  get streams(): Streams {
    return this.#first.streams;
  }

  /** Opens the backends, once the runtime before has ended. A failure is logged, and every `send` by it throws it. */
  open(before: Promise<void>): void {
    this.recorded?.start();
    for (const each of this.all) each.open(before, () => this.recorded?.wake());
  }

  /**
   * Resolves when the first backend is open.
   * @param timeout how long to wait, in milliseconds. @default the setting `timeout`
   * @returns the runtime itself
   * @throws PushError when it could not be opened; TimeoutError when it has not opened in time; AbortError
   */
  async opened(timeout: number = this.timeout, signal?: AbortSignal): Promise<this> {
    await this.#first.opened(timeout, signal);
    return this;
  }

  /** Resolves when all backends are open. The rest is as for {@link opened}. */
  async allOpened(): Promise<void> {
    await Promise.all(this.all.map((each) => each.opened(this.timeout)));
  }

  /** Resolves when one of the backends is open. @throws as {@link opened}, when none could be opened */
  async anyOpened(): Promise<void> {
    const opening = this.all.map((each) => each.opened(this.timeout));
    await Promise.any(opening).catch(({ errors: [first] }: AggregateError) => {
      throw first;
    });
  }

  /** Resolves when every backend is open or could not be opened. @throws as {@link anyOpened} */
  async openingsEnd(): Promise<void> {
    const ends = await Promise.allSettled(this.all.map((each) => each.opened(this.timeout)));
    const [first] = ends as PromiseRejectedResult[];
    if (ends.every(({ status }) => status === 'rejected')) throw first?.reason;
  }

  /**
   * The backend with this name.
   * @param name undefined: the first one
   * @throws ConfigurationError when there is none
   */
  named(name: string | undefined): ServiceBackend {
    const found = name === undefined ? this.#first : this.all.find((each) => each.name === name);
    if (found !== undefined) return found;
    throw new ConfigurationError(
      `"${name}" is none of the backends of this service${didYouMean(String(name), this.destinations.names)}`,
    );
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
   * Waits for the messages that are being sent, ends the loops, closes the backends, and waits for the handlers of
   * webhooks: all of it within `closeTimeout`. What has not ended by then is logged.
   * @throws PushError when a backend could not be closed
   */
  async close(): Promise<void> {
    const closing = new Closing(this.#closeTimeout);
    const { firstHalf, whole } = closing;
    for (const { streams } of this.all) streams.close();
    const { recorded } = this;
    if (recorded !== undefined)
      await closing.waitFor(recorded.stop(), firstHalf, () => 'recorded messages, which others send');
    await closing.waitFor(this.sender.idle(), firstHalf, () => counted(this.sender.underWay, 'send'));
    if (recorded !== undefined) await closing.waitFor(recorded.close(), whole, () => 'the message store');
    await Promise.all(this.all.map((each) => each.openingEnds(closing)));
    await closing.waitFor(
      Promise.all([...this.loops].map((loop) => loop.end())),
      firstHalf,
      () => 'the end of the subscriptions of messages()',
    );
    const closed = await Promise.allSettled(this.all.map((each) => each.close(closing)));
    closing.log(this.logger);
    for (const { status, reason } of closed as PromiseRejectedResult[]) if (status === 'rejected') throw reason;
  }
}

/** Builds the backends that the settings name. @throws ConfigurationError */
function loadBackends(
  { backends }: CheckedSettings,
  build: (backend: AnyBackend, of: CheckedBackend) => ServiceBackend,
): readonly ServiceBackend[] {
  const known = new Map<AnyBackend, string>();
  const loaded = backends.map((each) => {
    const { backend: reference, ...own } = each.settings;
    const backend = loadBackend(reference, own);
    const other = known.get(backend);
    if (other !== undefined)
      throw new ConfigurationError(
        `PUSH_SERVER.backends: "${other}" and "${each.name}" are the same instance: make one for each.`,
      );
    known.set(backend, each.name ?? backend.name);
    return { backend, of: each };
  });
  return loaded.map(({ backend, of }) => build(backend, of));
}

/** Connects backends, all or none. @throws ConfigurationError when one is in use by another service */
function connectAll(backends: readonly ServiceBackend[]): void {
  try {
    for (const each of backends) each.connect();
  } catch (error) {
    for (const each of backends) each.disconnect();
    throw error;
  }
}
