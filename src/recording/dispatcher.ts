import { PushError } from '../core/errors.js';
import { DeliveryError, type SendReport } from '../core/report.js';
import { deliver } from '../delivery/deliver.js';
import { longestTimeout } from '../delivery/plan.js';
import { type Addressed, addressHeld } from './addressing.js';
import { askConditions } from './asking.js';
import {
  type ConcludingContext,
  type Conclusion,
  debugged,
  delivered,
  failed,
  outdated,
  resendsUnknown,
  skipped,
} from './conclusion.js';
import type { Details } from './content.js';
import type { Claim, Held } from './held.js';
import type { RecordingHost } from './host.js';
import { Journal } from './journal.js';
import type { ProviderWatch } from './provider-watch.js';
import type { Settler } from './settler.js';
import { UnderWay } from './under-way.js';

/** How many times a process may die under a message, until it is not sent any more. */
const MOST_DEATHS = 3;

/** What a batch allows beside what a message says of itself. */
interface SendingLimits {
  /** A message that fails and was tried so many times is not tried again. */
  readonly maxAttempts?: number | undefined;
  /** A message that was recorded longer ago is not sent, in milliseconds. */
  readonly maxAgeMs?: number | undefined;
}

/** What holds for one dispatch. */
export interface DispatchCall {
  /** Ends it: what was not sent by then is not sent. */
  readonly signal?: AbortSignal | undefined;
  /** Whether the signal means that this process ends, so that what was not sent goes back to the store. */
  readonly handsBack?: boolean | undefined;
  /** Waits for the turn of `ordered` messages. */
  readonly comes?: ((channels: ReadonlySet<string>) => Promise<void>) | undefined;
  /** Called when a message has ended and is settled, with its id. */
  readonly ended?: ((id: string, settlement: Conclusion['settlement']) => void) | undefined;
  readonly limits?: SendingLimits | undefined;
  /** `performance.now()` at the beginning. */
  readonly startedAt: number;
}

/** How a message ended that was dispatched. */
export interface Dispatched {
  readonly held: Held;
  readonly report: SendReport;
  readonly failure: PushError | undefined;
}

/** Takes how a message ended, and settles it. */
type End = (held: Held, conclusion: Conclusion) => void;

/** Sends messages that this process holds, and settles each as soon as it has ended. */
export class Dispatcher {
  readonly #host: RecordingHost;
  readonly #settler: Settler;
  readonly #watch: ProviderWatch;

  constructor(host: RecordingHost, settler: Settler, watch: ProviderWatch) {
    this.#host = host;
    this.#settler = settler;
    this.#watch = watch;
  }

  /** @returns how each message ended, in their order; they are settled, or are settled as soon as the store is there */
  async dispatch(all: readonly Held[], call: DispatchCall): Promise<readonly Dispatched[]> {
    const ends = new Map<string, Promise<Dispatched>>();
    const end: End = (held, conclusion) => {
      const { report, failure } = conclusion;
      const settled = this.#settler.settle([{ held, conclusion }]).then(() => {
        call.ended?.(held.stored.id, conclusion.settlement);
        return { held, report, failure };
      });
      // By id: the condition "unread" puts a message to fewer users in the place of one that is held.
      ends.set(held.stored.id, settled);
    };
    await this.#send(all, call, end);
    return (await Promise.all(all.map(({ stored }) => ends.get(stored.id)))).filter((each) => each !== undefined);
  }

  async #send(all: readonly Held[], call: DispatchCall, end: End): Promise<void> {
    const open = all.filter((held) => !this.#endsEarly(held, call, end));
    const asked = await askConditions(open, this.#host, () => this.#context(call, false), call.signal);
    for (const [held, conclusion] of asked.concluded) end(held, conclusion);
    const { plans, failures } = await addressHeld(asked.open, this.#host, call.signal);
    const cannotBegin = await this.#begin(plans, call);
    if (cannotBegin !== undefined) for (const { held } of plans.splice(0)) failures.set(held, cannotBegin);
    for (const [held, failure] of failures) end(held, failed(held, failure, this.#context(call, this.#watch.isAway)));
    if (plans.length > 0) await this.#deliver(plans, call, end);
  }

  async #deliver(plans: readonly Addressed[], call: DispatchCall, end: End): Promise<void> {
    const { backend, capabilities, delivering, clock, logger } = this.#host;
    const journal = new Journal((appended) => this.#settler.append(appended), logger);
    for (const { held, left } of plans)
      journal.begin(held, left, capabilities, { backend: backend.name, at: clock.now() });
    let isTry = this.#watch.begin();
    const ending: Promise<void>[] = [];
    const underWay = new UnderWay(plans, ({ held, left }, delivery) => {
      this.#watch.ended(isTry, delivery);
      isTry = false;
      const conclude = (): void => {
        const context = this.#context(call, this.#watch.isAway);
        end(held, delivered(held, left, delivery, journal.of(left), context));
      };
      if (journal.of(left).isKept) ending.push(journal.written().then(conclude));
      else conclude();
    });
    const ended: typeof delivering.ended = (request) => {
      journal.ended(request);
      underWay.ended(request);
    };
    await deliver(
      plans.map(({ left }) => left.planned),
      { ...delivering, ended },
      call.signal,
    );
    await Promise.all(ending);
  }

  /** Settles a message that cannot be made ready for sending. */
  async cannotSend(
    { stored, token }: Claim,
    failure: PushError,
    call: Pick<DispatchCall, 'limits' | 'ended'> = {},
  ): Promise<void> {
    const details = JSON.parse(stored.details) as Details;
    const context = this.#context({ ...call, startedAt: performance.now() }, false);
    const conclusion = failed({ stored, details }, failure, context);
    await this.#settler.settle([{ held: { stored, token, content: undefined }, conclusion }]);
    call.ended?.(stored.id, conclusion.settlement);
  }

  /** Whether a message is not sent at all: expired, too old, too many deaths, or nobody knows whether it was sent. */
  #endsEarly(held: Held, call: DispatchCall, end: End): boolean {
    const context = this.#context(call, false);
    const { deaths, createdAt, changedAt, reason } = held.stored;
    const { skip } = held.details;
    const { maxAgeMs = Number.POSITIVE_INFINITY } = call.limits ?? {};
    // A `retry` by hand keeps the reason, and means to send it after all.
    if (skip !== undefined && reason !== skip) end(held, skipped(held, skip, context));
    else if (held.isExpired) end(held, skipped(held, 'expired', context));
    else if (context.recording.debug) end(held, debugged(held, context));
    // Both times are of the store's clock: it was changed last when it was claimed.
    else if (changedAt - createdAt > maxAgeMs) end(held, outdated(held, maxAgeMs, context));
    else if (deaths >= MOST_DEATHS) end(held, failed(held, diedError(deaths), context));
    else if (deaths > 0 && !resendsUnknown(held, context.recording)) end(held, failed(held, keptError(), context));
    else return false;
    return true;
  }

  /** Waits for the backend, and for the turn. @returns why nothing can be sent */
  async #begin(plans: readonly Addressed[], { signal, comes }: DispatchCall): Promise<PushError | undefined> {
    if (plans.length === 0) return undefined;
    const host = this.#host;
    try {
      await host.opened(
        longestTimeout(
          plans.map(({ left }) => left.planned),
          host.timeout,
        ),
        signal,
      );
      await comes?.(new Set(plans.flatMap(({ left }) => left.planned.channels)));
      return undefined;
    } catch (error) {
      if (PushError.isPushError(error)) return error;
      throw error;
    }
  }

  #context({ handsBack = false, startedAt, signal, limits }: DispatchCall, isAway: boolean): ConcludingContext {
    const { backend, recording, clock, capabilities } = this.#host;
    return {
      backend: backend.name,
      recording,
      now: clock.now(),
      startedAt,
      isAway,
      handsBack: handsBack && signal?.aborted === true,
      isDebug: capabilities.isDebug === true,
      maxAttempts: limits?.maxAttempts ?? Number.POSITIVE_INFINITY,
    };
  }
}

function diedError(deaths: number): DeliveryError {
  return new DeliveryError(
    `The process ended ${deaths} times while it sent this message, which is not sent any more. Find out what ends it, then call messages.retry().`,
    { outcome: 'unknown' },
  );
}

function keptError(): DeliveryError {
  return new DeliveryError(
    'The process ended while it sent this message. It stays unknown whether it arrived, because "whenUnknown" is "keep".',
    { outcome: 'unknown' },
  );
}
