import { CircuitBreaker, type CircuitChange, type CircuitLimits } from '../../core/circuit-breaker.js';
import { Deadline } from '../../core/deadline.js';
import { AbortError, outcomeOf, PushError, type PushErrorCode, retryAfterOf, TimeoutError } from '../../core/errors.js';
import type { Logger } from '../../core/logger.js';
import type { AddressedMessage } from '../../wire/message.js';
import { type BackendCapabilities, checkedCapabilities } from '../contract/capabilities.js';
import { asPushError, openingError, rememberedPushErrors } from '../contract/failure.js';
import { makeRequest, type Outcome } from '../contract/make-request.js';
import type { RequestContext } from '../contract/request.js';
import { nothingSent } from '../contract/request-sent.js';
import type { AnyBackend } from '../contract/wrapper.js';
import { ChildMessages } from './child-message.js';

/** The composite that a child is in, as the child sees it. */
export interface ChildHost extends CircuitLimits {
  readonly name: string;
  readonly logger: () => Logger;
  /** How long a child has to open where the composite can do without it, in milliseconds. */
  readonly timeout: () => number;
}

/** One of the backends that a composite is made of, with its circuit. */
export class Child {
  readonly backend: AnyBackend;
  /** The backend's name, with its number where several have the same. */
  readonly label: string;
  readonly capabilities: BackendCapabilities;
  /** Makes and checks the messages that this backend gets. */
  readonly messages: ChildMessages;
  readonly circuit: CircuitBreaker;
  readonly #host: ChildHost;
  #opening: Promise<void> | undefined;
  #lastFailure: PushError | undefined;

  /** @throws ConfigurationError for wrong capabilities */
  constructor(backend: AnyBackend, label: string, host: ChildHost) {
    this.backend = backend;
    this.label = label;
    this.capabilities = checkedCapabilities(backend);
    this.messages = new ChildMessages(backend, this.capabilities);
    this.circuit = new CircuitBreaker(host, (change) => this.#log(change));
    this.#host = host;
  }

  /** Opens the backend. One that could not be opened is opened anew at the next call. @throws PushError */
  open(): Promise<void> {
    // An asynchronous function, because `open` of a JavaScript backend may throw in place of a promise that rejects.
    this.#opening ??= (async () => this.backend.open())().catch((error: unknown) => {
      this.#opening = undefined;
      throw openingError(error, this.backend);
    });
    return this.#opening;
  }

  /**
   * Opens the backend within half of the service's time: the composite has the other half, to go on without it.
   * @throws PushError
   */
  async openInTime(): Promise<void> {
    await new Deadline(this.#host.timeout() / 2).wait(this.open(), {
      missing: `The ${this.backend.name} backend did not open`,
      consequence: 'nothing was sent by it',
      backend: this.backend.name,
    });
  }

  /**
   * Opens the backend where the composite can do without it: a failure, or no answer in time, is logged and opens the
   * circuit. Never throws.
   */
  async openIfPossible(): Promise<PushError | undefined> {
    try {
      await this.openInTime();
      return undefined;
    } catch (error) {
      this.#lastFailure = asPushError(error, this.backend);
      this.circuit.open();
      return this.#lastFailure;
    }
  }

  /** @throws PushError */
  async close(): Promise<void> {
    this.#opening = undefined;
    try {
      await this.backend.close();
    } catch (error) {
      throw asPushError(error, this.backend);
    }
  }

  /**
   * Makes one request, and tells the circuit how it ended. Never throws, and ends when the signal fires.
   * @param messages as the composite got them
   * @returns an outcome for each message, in their order
   */
  async request(messages: readonly AddressedMessage[], context: RequestContext): Promise<readonly Outcome[]> {
    const isTry = this.circuit.begin();
    const { signal, callerSignal } = context;
    const progress = { hasBegun: false };
    const outcomes =
      (await untilFired(this.#openAndRequest(messages, context, progress), signal)) ??
      this.#unanswered(messages, context, progress);
    if (callerSignal?.aborted) this.circuit.gaveUp(isTry);
    else this.#judge(outcomes, isTry);
    return outcomes;
  }

  async #openAndRequest(
    messages: readonly AddressedMessage[],
    context: RequestContext,
    progress: { hasBegun: boolean },
  ): Promise<readonly Outcome[]> {
    const { backend, capabilities } = this;
    const failureOf = rememberedPushErrors(backend);
    try {
      await this.open();
      // Opened too late: the outcome of these messages is reported already, and they may be under way elsewhere.
      if (context.signal.aborted) return [];
      progress.hasBegun = true;
      const own = messages.map(({ channel, message }) => ({ channel, message: this.messages.of(message) }));
      const outcomes = await makeRequest({ backend, capabilities, failureOf }, own, context);
      return outcomes ?? messages.map(({ channel }) => ({ channel }));
    } catch (thrown) {
      const error = failureOf(thrown);
      return messages.map(({ channel }) => ({ channel, error }));
    }
  }

  /** The outcomes of a request whose answer nobody waits for any more. */
  #unanswered(
    messages: readonly AddressedMessage[],
    context: RequestContext,
    { hasBegun }: { hasBegun: boolean },
  ): readonly Outcome[] {
    const error = this.#unansweredError(context, hasBegun);
    return messages.map(({ channel }) => ({ channel, error }));
  }

  #unansweredError({ signal, callerSignal }: RequestContext, hasBegun: boolean): PushError {
    const { name: backend } = this.backend;
    const what = `The ${backend} backend`;
    if (!hasBegun) return new TimeoutError(`${what} could not be opened in time.`, { backend, outcome: 'rejected' });
    if (callerSignal?.aborted)
      return new AbortError('The signal fired in the middle of the request.', { backend, outcome: 'unknown' });
    if (nothingSent(signal))
      return new TimeoutError(`${what} was not reached in time: nothing was sent.`, { backend, outcome: 'rejected' });
    return new TimeoutError(`${what} did not answer in time; the message may have been delivered.`, {
      backend,
    });
  }

  #judge(outcomes: readonly Outcome[], isTry: boolean): void {
    const failures = outcomes.flatMap(({ error }) => (error !== undefined && isProviderFailure(error) ? [error] : []));
    this.#lastFailure = failures[0] ?? this.#lastFailure;
    if (failures.length === 0 || outcomes.some(({ error }) => error === undefined)) this.circuit.succeeded(isTry);
    else this.circuit.failed(isTry, Math.max(...new Set(failures.map(retryAfterOf))));
  }

  #log(change: CircuitChange): void {
    const { name, resetAfterMs } = this.#host;
    const text = `${name}: ${this.label} ${circuitTexts[change]}`;
    const logger = this.#host.logger();
    if (change === 'opened' || change === 'still open')
      logger.warn({ err: this.#lastFailure, forMs: resetAfterMs }, text);
    else logger.info({}, text);
  }
}

/** A backend's name, with its number where several have the same. */
export function labelOf(backends: readonly AnyBackend[], index: number): string {
  const name = backends[index]?.name ?? '';
  const same = backends.flatMap((backend, at) => (backend.name === name ? [at] : []));
  return same.length > 1 ? `${name} ${same.indexOf(index) + 1}` : name;
}

const circuitTexts: Readonly<Record<CircuitChange, string>> = {
  opened: 'fails, and is left out for a while',
  'tried again': 'is tried again',
  'still open': 'still fails, and stays left out for a while',
  closed: 'answers again',
};

/** Waits for the work. @returns its result, or undefined as soon as the signal fires */
async function untilFired<Result>(work: Promise<Result>, signal: AbortSignal): Promise<Result | undefined> {
  if (signal.aborted) return undefined;
  const { promise, resolve } = Promise.withResolvers<undefined>();
  const onAbort = (): void => resolve(undefined);
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([work, promise]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

/** The kinds of errors that any other message would have got, too. */
const providerCodes: ReadonlySet<PushErrorCode> = new Set(['AUTHENTICATION', 'CONFIGURATION', 'RATE_LIMIT', 'TIMEOUT']);

/** Whether a failure is the provider's (not reached, too slow, broken, closed to us) and not the message's. */
function isProviderFailure(error: PushError): boolean {
  if (providerCodes.has(error.code)) return true;
  if (error.status !== undefined) return error.status >= 500 || error.status === 408 || error.status === 429;
  if (error.retryable) return true;
  const errors = error.cause instanceof AggregateError ? error.cause.errors : [error.cause];
  // The error of a composite within this one stands for those of its backends.
  const within = errors.filter(PushError.isPushError);
  return outcomeOf(error) === 'unknown' && (within.length === 0 || within.some(isProviderFailure));
}
