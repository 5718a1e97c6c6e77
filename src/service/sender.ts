import type { AnyBackend } from '../backends/contract/wrapper.js';
import { PushError, ValidationError } from '../core/errors.js';
import type { Logger } from '../core/logger.js';
import type { SendReport } from '../core/report.js';
import { type DeliveryContext, deliver } from '../delivery/deliver.js';
import { firedEarly, longestTimeout, type PlanContext, plan } from '../delivery/plan.js';
import type { MessageOrigin } from '../delivery/recording-options.js';
import { reportOf, throwIfAllRejected } from '../delivery/report.js';
import type { CallOptions, SendOptions } from '../delivery/send-options.js';
import { SendOrder } from '../delivery/send-order.js';
import type { SessionAdapter } from '../sessions/adapter.js';
import type { RecordedMessages } from './recorded-messages.js';

/** Logged when a message of `fire` could not be sent. */
export const FIRE_FAILED = 'a message of fire() could not be sent';

/** The parts of a configured service that sending needs. */
interface SendingHost {
  readonly backend: AnyBackend;
  readonly sessions: SessionAdapter<never>;
  readonly logger: Logger;
  readonly timeout: number;
  /** The recorded messages, where there is a store. */
  readonly recorded: RecordedMessages | undefined;
  /** Whether the backend is open. */
  readonly isOpen: boolean;
  opened(timeout: number, signal: AbortSignal | undefined): Promise<unknown>;
}

/** How messages are planned and delivered. */
interface Way {
  readonly planning: Omit<PlanContext, 'isRecorded'>;
  readonly delivering: DeliveryContext;
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

  constructor(host: SendingHost, { planning, delivering }: Way) {
    this.#host = host;
    this.#planning = { ...planning, isRecorded: false };
    this.#delivering = delivering;
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
   * @param origins what each message was made of
   * @returns a report for each message, in their order
   * @throws ValidationError or UnsupportedOperationError when nothing was sent; DeliveryError when no channel accepted;
   * TimeoutError when the session adapter does not answer, or the backend does not open; AbortError
   */
  async send<User>(
    messages: readonly SendOptions<User>[],
    call: CallOptions,
    origins?: readonly MessageOrigin[],
  ): Promise<SendReport<User>[]> {
    return this.whileRunning(() => this.#send(messages, call, origins));
  }

  /** Does work that `close` waits for, as for a call of `send`. */
  async whileRunning<Result>(work: () => Promise<Result>): Promise<Result> {
    this.#running++;
    try {
      return await work();
    } finally {
      this.#ended();
    }
  }

  async #send<User>(
    messages: readonly SendOptions<User>[],
    call: CallOptions,
    origins?: readonly MessageOrigin[],
  ): Promise<SendReport<User>[]> {
    const startedAt = performance.now();
    const { signal, ordered } = call;
    if (signal?.aborted) throw firedEarly(signal);
    const turn = ordered === true ? this.#order.next() : undefined;
    try {
      const { recorded } = this.#host;
      if (recorded !== undefined && areRecorded(messages)) {
        const comes = turn && ((channels: ReadonlySet<string>) => turn.comes(channels, signal));
        const checked = await recorded.check(messages, origins);
        const { recorder } = await recorded.opened(this.#host.timeout, signal);
        const reports = await recorder.send<User>(checked, call, comes);
        if (!this.#hasAdvised && reports.some(({ unreachable }) => unreachable.length > 0)) this.#advise();
        return reports;
      }
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

/**
 * Whether messages are recorded: all of them, or none.
 * @throws ValidationError for a list of both, which would be sent in two ways
 */
function areRecorded(messages: readonly Pick<SendOptions, 'record'>[]): boolean {
  const unrecorded = messages.filter((message) => message?.record === false).length;
  if (unrecorded === 0) return true;
  if (unrecorded === messages.length) return false;
  throw new ValidationError('The messages of sendMany() must all have "record: false", or none of them.');
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
