import { AbortError, outcomeOf, PushError, type PushErrorCode, retryAfterOf, TimeoutError } from '../../core/errors.js';
import type { Logger } from '../../core/logger.js';
import type { AddressedMessage } from '../../wire/message.js';
import { type BackendCapabilities, checkedCapabilities, fitsOneRequest } from '../contract/capabilities.js';
import { nothingLeft } from '../contract/departures.js';
import { asPushError, openingError, rememberedPushErrors } from '../contract/failure.js';
import { type Outcome, outcomesOf } from '../contract/request.js';
import type { AnyBackend, ChannelResult, RequestContext } from '../contract/wrapper.js';
import { ChildMessages } from './child-message.js';
import { CircuitBreaker, type CircuitChange, type CircuitLimits } from './circuit-breaker.js';

/** What a child asks of the composite that it is in. */
export interface ChildHost extends CircuitLimits {
  readonly name: string;
  readonly logger: () => Logger;
}

/** One of the backends that a composite is made of. */
export class Child {
  readonly backend: AnyBackend;
  /** The backend's name, with its number where several have the same. */
  readonly label: string;
  readonly capabilities: BackendCapabilities;
  readonly messages: ChildMessages;
  readonly circuit: CircuitBreaker;
  readonly #host: ChildHost;
  #opening: Promise<void> | undefined;
  #lastFailure: PushError | undefined;

  /** @throws ConfigurationError for capabilities that are none */
  constructor(backend: AnyBackend, label: string, host: ChildHost) {
    this.backend = backend;
    this.label = label;
    this.capabilities = checkedCapabilities(backend);
    this.messages = new ChildMessages(backend, this.capabilities);
    this.circuit = new CircuitBreaker(host, (change) => this.#log(change));
    this.#host = host;
  }

  /** Opens the backend; one that could not be opened is opened anew at the next call. */
  open(): Promise<void> {
    // A method that throws, in place of a promise that rejects, is taken for one.
    this.#opening ??= (async () => this.backend.open())().catch((error: unknown) => {
      this.#opening = undefined;
      throw openingError(error, this.backend);
    });
    return this.#opening;
  }

  /** As `open`, for a composite that can do without this one: a failure is logged and opens the circuit. Never throws. */
  async openIfPossible(): Promise<PushError | undefined> {
    try {
      await this.open();
      return undefined;
    } catch (error) {
      this.#lastFailure = asPushError(error, this.backend);
      this.circuit.open();
      return this.#lastFailure;
    }
  }

  async close(): Promise<void> {
    this.#opening = undefined;
    try {
      await this.backend.close();
    } catch (error) {
      throw asPushError(error, this.backend);
    }
  }

  /**
   * Makes one request. Never throws, ends when the signal fires, and tells the circuit what came of it.
   * @returns an outcome for each parcel, in their order
   */
  async ask(parcels: readonly AddressedMessage[], context: RequestContext): Promise<readonly Outcome[]> {
    const isTry = this.circuit.begin();
    const { signal, callerSignal } = context;
    const progress = { hasBegun: false };
    const outcomes =
      (await untilFired(this.#outcomes(parcels, context, progress), signal)) ??
      this.#unanswered(parcels, context, progress);
    if (callerSignal?.aborted) this.circuit.gaveUp(isTry);
    else this.#judge(outcomes, isTry);
    return outcomes;
  }

  async #outcomes(
    parcels: readonly AddressedMessage[],
    context: RequestContext,
    progress: { hasBegun: boolean },
  ): Promise<readonly Outcome[]> {
    const { name } = this.backend;
    const failureOf = rememberedPushErrors(this.backend);
    try {
      await this.open();
    } catch (error) {
      return parcels.map(({ channel }) => ({ channel, error: failureOf(error) }));
    }
    // Opened too late: what became of these messages has been told, and they may be under way elsewhere.
    if (context.signal.aborted) return [];
    progress.hasBegun = true;
    try {
      const results = await this.#deliver(parcels, context);
      if (!Array.isArray(results)) throw new TypeError('it returned no list of results.');
      return outcomesOf(parcels, results, name, failureOf);
    } catch (error) {
      return parcels.map(({ channel }) => ({ channel, error: failureOf(error) }));
    }
  }

  #deliver(parcels: readonly AddressedMessage[], context: RequestContext): Promise<readonly ChannelResult[]> {
    const own = parcels.map(({ channel, message }) => ({ channel, message: this.messages.of(message) }));
    const [first] = own;
    const channels = own.map(({ channel }) => channel);
    if (
      first !== undefined &&
      own.every(({ message }) => message === first.message) &&
      fitsOneRequest(channels, this.capabilities)
    )
      return this.backend.deliver(channels, first.message, context);
    return this.backend.deliverMessages(own, context);
  }

  /** The outcomes of a request whose answer nobody waits for any more. */
  #unanswered(
    parcels: readonly AddressedMessage[],
    context: RequestContext,
    { hasBegun }: { hasBegun: boolean },
  ): readonly Outcome[] {
    const error = this.#unansweredError(context, hasBegun);
    return parcels.map(({ channel }) => ({ channel, error }));
  }

  #unansweredError({ signal, callerSignal }: RequestContext, hasBegun: boolean): PushError {
    const { name: backend } = this.backend;
    const what = `The ${backend} backend`;
    if (!hasBegun) return new TimeoutError(`${what} could not be opened in time.`, { backend, outcome: 'rejected' });
    if (callerSignal?.aborted)
      return new AbortError('The signal fired in the middle of the request.', { backend, outcome: 'unknown' });
    if (nothingLeft(signal))
      return new TimeoutError(`${what} was not reached in time: nothing was sent.`, { backend, outcome: 'rejected' });
    return new TimeoutError(`${what} did not answer in time; the message may have been delivered all the same.`, {
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
    const text = `${name}: ${this.label} ${texts[change]}`;
    const logger = this.#host.logger();
    if (change === 'opened' || change === 'still open')
      logger.warn({ err: this.#lastFailure, forMs: resetAfterMs }, text);
    else logger.info({}, text);
  }
}

const texts: Readonly<Record<CircuitChange, string>> = {
  opened: 'fails, and is left out for a while',
  'tried again': 'is tried again',
  'still open': 'still fails, and stays left out for a while',
  closed: 'answers again',
};

/** What the work ends with, or undefined as soon as the signal fires. */
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

/** Kinds of errors that any other message would have got as well. */
const providersOwn: ReadonlySet<PushErrorCode> = new Set(['AUTHENTICATION', 'CONFIGURATION', 'RATE_LIMIT', 'TIMEOUT']);

/** Whether a failure speaks of the provider (not reached, too slow, broken, closed to us) rather than of the message. */
function isProviderFailure(error: PushError): boolean {
  if (providersOwn.has(error.code)) return true;
  if (error.status !== undefined) return error.status >= 500 || error.status === 408 || error.status === 429;
  if (error.retryable) return true;
  const errors = error.cause instanceof AggregateError ? error.cause.errors : [error.cause];
  // A composite's own says nothing but what those of its backends say.
  const within = errors.filter(PushError.isPushError);
  return outcomeOf(error) === 'unknown' && (within.length === 0 || within.some(isProviderFailure));
}
