import type { BackendCapabilities } from '../backends/contract/capabilities.js';
import type { AnyBackend } from '../backends/contract/wrapper.js';
import { PushError } from '../core/errors.js';
import type { Logger } from '../core/logger.js';
import { RepeatedLines } from '../core/repeated-lines.js';
import type { SendReport } from '../core/report.js';
import { type DeliveryContext, deliver } from '../delivery/deliver.js';
import { firedEarly, longestTimeout, type PlanContext, plan } from '../delivery/plan.js';
import { reportOf, throwIfAllRejected } from '../delivery/report.js';
import type { DeliveryPolicy } from '../delivery/retry.js';
import type { CallOptions, SendOptions } from '../delivery/send-options.js';
import { SendOrder } from '../delivery/send-order.js';
import type { SessionAdapter } from '../sessions/adapter.js';

/** Logged when a message of `fire` could not be sent. */
export const FIRE_FAILED = 'a message of fire() could not be sent';

/** The parts of a configured service that sending needs. */
interface SendingHost {
  readonly backend: AnyBackend;
  readonly capabilities: BackendCapabilities;
  readonly sessions: SessionAdapter<never>;
  readonly logger: Logger;
  readonly timeout: number;
  /** Whether the backend is open. */
  readonly isOpen: boolean;
  opened(timeout: number, signal: AbortSignal | undefined): Promise<unknown>;
}

/** The settings that decide how messages are sent. */
interface Sending extends Pick<PlanContext, 'defaultEvent' | 'encode'> {
  readonly policy: DeliveryPolicy;
}

/** Sends the messages of one configured service, and knows which of them are under way. */
export class Sender {
  readonly #host: SendingHost;
  readonly #planning: PlanContext;
  readonly #delivering: DeliveryContext;
  readonly #order = new SendOrder();
  /** Whether it was said why nobody can be reached. */
  #hasAdvised = false;
  #running = 0;
  #idle: PromiseWithResolvers<void> | undefined;

  constructor(host: SendingHost, { policy, ...settings }: Sending) {
    const { backend, capabilities, sessions, timeout, logger } = host;
    this.#host = host;
    this.#planning = { ...settings, backend, capabilities, sessions, timeout, logger, isRecorded: false };
    // What every request may log alike is rated.
    this.#delivering = { backend, capabilities, policy, logger: new RepeatedLines().on(logger) };
  }

  /** How many calls of `send` and `fire` are under way. */
  get underWay(): number {
    return this.#running;
  }

  /** Resolves when no message is being sent. */
  async idle(): Promise<void> {
    if (this.#running === 0) return;
    this.#idle ??= Promise.withResolvers();
    await this.#idle.promise;
  }

  /**
   * Plans messages and delivers them.
   * @param call what holds for all of them
   * @returns a report for each message, in their order
   * @throws ValidationError or UnsupportedOperationError when nothing was sent; DeliveryError when no channel accepted;
   * TimeoutError when the session adapter does not answer, or the backend does not open; AbortError
   */
  async send<User>(messages: readonly SendOptions<User>[], call: CallOptions): Promise<SendReport<User>[]> {
    this.#running++;
    try {
      return await this.#send(messages, call);
    } finally {
      this.#ended();
    }
  }

  async #send<User>(messages: readonly SendOptions<User>[], call: CallOptions): Promise<SendReport<User>[]> {
    const startedAt = performance.now();
    const { signal, ordered } = call;
    if (signal?.aborted) throw firedEarly(signal);
    const turn = ordered === true ? this.#order.next() : undefined;
    try {
      const planned = await plan(messages, this.#planning, signal);
      if (!this.#hasAdvised && planned.some(({ unreachable }) => unreachable.length > 0)) this.#advise();
      if (signal?.aborted) throw firedEarly(signal);
      if (!this.#host.isOpen) await this.#host.opened(longestTimeout(planned, this.#host.timeout), signal);
      if (turn !== undefined) await turn.comes(new Set(planned.flatMap(({ channels }) => channels)), signal);
      const deliveries = await deliver(planned, this.#delivering, signal);
      const reports = deliveries.map((delivery) => reportOf<User>(delivery, startedAt));
      throwIfAllRejected(reports, this.#host.backend.name);
      return reports;
    } finally {
      turn?.end();
    }
  }

  /** Sends a message that nobody but `close` waits for. What fails is logged. */
  fire<User>(options: SendOptions<User>): void {
    void this.#fire(options);
  }

  async #fire<User>(options: SendOptions<User>): Promise<void> {
    this.#running++;
    try {
      const [report] = await this.#send([options], options ?? {});
      if (report?.status !== 'partial') return;
      const { id, event, rejected } = report;
      this.#host.logger.warn({ id, event, rejected }, 'a message of fire() was not accepted for some of its channels');
    } catch (error) {
      const level = PushError.isPushError(error) && error.code === 'ABORTED' ? 'debug' : 'error';
      this.#host.logger[level]({ err: error, event: eventOf(options) }, FIRE_FAILED);
    } finally {
      this.#ended();
    }
  }

  /** Counts off a call that `close` waits for. */
  #ended(): void {
    this.#running--;
    if (this.#running > 0) return;
    this.#idle?.resolve();
    this.#idle = undefined;
  }

  /** Warns once when no user at all can be reached. */
  #advise(): void {
    const advice = this.#host.sessions.advice?.();
    if (advice === undefined) return;
    this.#hasAdvised = true;
    this.#host.logger.warn({}, `send({ users }) reached nobody, because ${advice}`);
  }
}

/** The event of a message, which may be anything. */
function eventOf(options: unknown): unknown {
  try {
    return (options as Partial<SendOptions> | null | undefined)?.event;
  } catch {
    // A getter that throws, which is likely what failed.
    return undefined;
  }
}
