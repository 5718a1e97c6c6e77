import { askBackend } from '../backends/contract/ask.js';
import { type BackendCapabilities, checkedCapabilities } from '../backends/contract/capabilities.js';
import { asPushError, openingError } from '../backends/contract/failure.js';
import type { AnyBackend } from '../backends/contract/wrapper.js';
import { loadBackend } from '../backends/load.js';
import { Deadline, type Wait } from '../core/deadline.js';
import { PushError } from '../core/errors.js';
import { defaultLogger, guarded, type Logger } from '../core/logger.js';
import { checkName, keepsTo } from '../core/names.js';
import { RepeatedLines } from '../core/repeated-lines.js';
import type { SendReport } from '../core/report.js';
import type { Awaitable } from '../core/until-aborted.js';
import { deliver } from '../delivery/deliver.js';
import { encodedData, jsonText } from '../delivery/json-text.js';
import { firedEarly, longestTimeout, type PlanContext, plan } from '../delivery/plan.js';
import { reportOf, throwIfAllRejected } from '../delivery/report.js';
import { DeliveryPolicy, deliveryDefaults } from '../delivery/retry.js';
import type { CallOptions, SendOptions } from '../delivery/send-options.js';
import { SendOrder } from '../delivery/send-order.js';
import type { MessageQueue } from '../receiving/message-loop.js';
import { Subscriptions } from '../receiving/subscriptions.js';
import { WebhookIntake } from '../receiving/webhook-intake.js';
import type { SessionAdapter } from '../sessions/adapter.js';
import type { CheckedSettings } from '../settings/settings.js';
import type { IncomingMessage } from '../wire/message.js';

/**
 * Longest time that closing takes, in milliseconds, where the settings do not say. Kubernetes and Heroku end a process
 * 30 s after they have asked it to end.
 */
const DEFAULT_CLOSE_TIMEOUT_MS = 25_000;

/** Logged when a message of `fire` could not be sent. */
export const FIRE_FAILED = 'a message of fire() could not be sent';

/** A configured service: its backend, its sessions, and all else that the settings decide. */
export class Runtime {
  readonly backend: AnyBackend;
  readonly sessions: SessionAdapter<never>;
  readonly subscriptions: Subscriptions;
  readonly webhooks: WebhookIntake;
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
  readonly #policy: DeliveryPolicy;
  /** How messages are planned. */
  readonly #messages: Pick<PlanContext, 'defaultEvent' | 'encode'>;
  /** The logger for what every request may log alike. */
  readonly #rated: Logger;
  readonly #order = new SendOrder();
  readonly #disconnect: () => void;
  /** Whether it was said why nobody can be reached. */
  #hasAdvised = false;
  #running = 0;
  #idle: PromiseWithResolvers<void> | undefined;

  /**
   * @param owner stands for the service, which the backend then belongs to
   * @param receive gets the messages that come in
   * @throws ConfigurationError when the backend cannot be built, or is in use by another service
   */
  constructor(settings: CheckedSettings, owner: object, receive: (message: IncomingMessage) => void) {
    const { backend, sessions, logger = defaultLogger, ...rest } = settings;
    const {
      timeout = deliveryDefaults.timeout,
      retries = deliveryDefaults.retries,
      concurrency = deliveryDefaults.concurrency,
      closeTimeout = DEFAULT_CLOSE_TIMEOUT_MS,
      defaultEvent = 'push-event',
      encode,
      ...backendSettings
    } = rest;
    this.logger = guarded(logger);
    this.#rated = new RepeatedLines().on(this.logger);
    this.backend = loadBackend(backend, backendSettings);
    this.subscriptions = new Subscriptions(this.backend, timeout);
    this.timeout = timeout;
    this.#closeTimeout = closeTimeout;
    this.webhooks = new WebhookIntake(this.backend, { receive, logger: this.logger, timeout });
    this.capabilities = checkedCapabilities(this.backend);
    const { channelName } = this.capabilities;
    const adapter = sessions ?? this.backend.defaultSessions();
    this.sessions = adapter.namedFor?.((channel) => keepsTo(channelName, channel)) ?? adapter;
    this.#policy = new DeliveryPolicy({ timeout, retries, concurrency });
    this.#messages = { defaultEvent, encode };
    const json = (data: unknown): string => jsonText(encode === undefined ? data : encodedData(data, encode));
    this.#disconnect = this.backend.connect({ receive, logger, json, owner, concurrency, timeout });
  }

  /** Opens the backend, once the runtime before has ended. A failure is logged, and every `send` throws it. */
  open(before: Promise<void>): void {
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
  }

  /**
   * Resolves when the backend is open.
   * @param timeout how long to wait, in milliseconds. @default the setting `timeout`
   * @returns the runtime itself
   * @throws PushError when it could not be opened; TimeoutError when it has not opened in time; AbortError
   */
  async opened(timeout: number = this.timeout, signal?: AbortSignal): Promise<this> {
    if (signal?.aborted) throw firedEarly(signal);
    if (this.#state === 'open') return this;
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
  async ask<Answer>(question: (backend: AnyBackend) => Awaitable<Answer>, failure: string): Promise<Answer> {
    try {
      return await askBackend(this.backend, this.timeout, () => question(this.backend), failure);
    } catch (error) {
      throw asPushError(error, this.backend);
    }
  }

  /** @throws ValidationError for a name that the backend does not take */
  checkedChannel(name: string): string {
    checkName(name, 'channel', this.capabilities.channelName, this.backend.name);
    return name;
  }

  /**
   * Plans messages and delivers them.
   * @param call what holds for all of them
   * @returns a report for each message, in their order
   * @throws ValidationError or UnsupportedOperationError when nothing was sent; DeliveryError when no channel accepted;
   * TimeoutError when the session adapter does not answer, or the backend does not open; AbortError
   */
  send<User>(messages: readonly SendOptions<User>[], call: CallOptions): Promise<SendReport<User>[]> {
    return this.#counted(() => this.#send(messages, call));
  }

  /** Sends a message that nobody but `close` waits for. What fails is logged. */
  fire<User>(options: SendOptions<User>): void {
    const sent = async (): Promise<void> => {
      try {
        const [report] = await this.#send([options], options ?? {});
        if (report?.status !== 'partial') return;
        const { id, event, rejected } = report;
        this.logger.warn({ id, event, rejected }, 'a message of fire() was not accepted for some of its channels');
      } catch (error) {
        const level = PushError.isPushError(error) && error.code === 'ABORTED' ? 'debug' : 'error';
        this.logger[level]({ err: error, event: options?.event }, FIRE_FAILED);
      }
    };
    void this.#counted(sent);
  }

  /** Counts work that `close` waits for. */
  async #counted<Result>(work: () => Promise<Result>): Promise<Result> {
    this.#running++;
    try {
      return await work();
    } finally {
      this.#running--;
      if (this.#running === 0) this.#idle?.resolve();
    }
  }

  async #send<User>(messages: readonly SendOptions<User>[], call: CallOptions): Promise<SendReport<User>[]> {
    const startedAt = performance.now();
    const { signal, ordered } = call;
    if (signal?.aborted) throw firedEarly(signal);
    const { backend, sessions, capabilities, timeout, logger } = this;
    const turn = ordered === true ? this.#order.next() : undefined;
    try {
      const planned = await plan(messages, {
        ...this.#messages,
        backend,
        capabilities,
        sessions,
        timeout,
        signal,
        logger,
      });
      if (!this.#hasAdvised && planned.some(({ unreachable }) => unreachable.length > 0)) this.#advise();
      await this.opened(longestTimeout(planned, timeout), signal);
      await turn?.comes(new Set(planned.flatMap(({ channels }) => channels)), signal);
      const deliveries = await deliver(planned, {
        backend,
        capabilities,
        policy: this.#policy,
        logger: this.#rated,
        signal,
      });
      const reports = deliveries.map((delivery) => reportOf<User>(delivery, startedAt));
      throwIfAllRejected(reports, backend.name);
      return reports;
    } finally {
      turn?.end();
    }
  }

  /** Warns once when no user at all can be reached. */
  #advise(): void {
    const advice = this.sessions.advice?.();
    if (advice === undefined) return;
    this.#hasAdvised = true;
    this.logger.warn({}, `send({ users }) reached nobody, because ${advice}`);
  }

  /**
   * Waits for the messages that are being sent, ends the loops, closes the backend, and waits for the handlers of
   * webhooks: all of it within `closeTimeout`. What has not ended by then is logged.
   * @throws PushError when the backend could not be closed
   */
  async close(): Promise<void> {
    const { name } = this.backend;
    // A message that is still being sent must not take the backend's time to close.
    const firstHalf = new Deadline(this.#closeTimeout / 2);
    const whole = new Deadline(this.#closeTimeout);
    const leftBehind: string[] = [];
    const waitFor = async (work: Promise<unknown>, deadline: Deadline, what: () => string): Promise<void> => {
      if (!(await deadline.isMetBy(work))) leftBehind.push(what());
    };
    await waitFor(this.#sent(), firstHalf, () => counted(this.#running, 'send'));
    await waitFor(
      this.#ready.catch(() => {}),
      firstHalf,
      () => `the opening of the ${name} backend`,
    );
    await waitFor(
      Promise.all([...this.loops].map((loop) => loop.end())),
      firstHalf,
      () => 'the end of the subscriptions of messages()',
    );
    try {
      await waitFor(this.#closeBackend(), whole, () => `the closing of the ${name} backend`);
    } finally {
      await waitFor(this.webhooks.idle(), whole, () => counted(this.webhooks.underWay, 'webhook handler'));
      this.#disconnect();
      if (leftBehind.length > 0)
        this.logger.warn(
          { leftBehind, closeTimeout: this.#closeTimeout },
          `close() did not wait any longer for ${leftBehind.join(', ')}`,
        );
    }
  }

  /** Resolves when no message is being sent. */
  async #sent(): Promise<void> {
    if (this.#running === 0) return;
    this.#idle ??= Promise.withResolvers();
    await this.#idle.promise;
  }

  async #closeBackend(): Promise<void> {
    try {
      await this.backend.close();
    } catch (error) {
      throw asPushError(error, this.backend);
    }
  }
}

/** `2 sends`, or `1 send`. */
function counted(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}
