import { PushError } from '../core/errors.js';
import type { SendReport } from '../core/report.js';
import { DeliveryError } from '../core/report.js';
import { deliver } from '../delivery/deliver.js';
import { longestTimeout } from '../delivery/plan.js';
import type { Appended } from '../messages/store.js';
import { addressHeld } from './addressing.js';
import { askConditions } from './asking.js';
import {
  type ConcludingContext,
  type Conclusion,
  debugged,
  delivered,
  failed,
  resendsUnknown,
  skipped,
} from './conclusion.js';
import type { Details } from './content.js';
import type { Claim, Held } from './held.js';
import type { RecordingHost } from './host.js';
import { Journal, joined } from './journal.js';
import type { ProviderWatch } from './provider-watch.js';
import type { Remaining } from './remaining.js';
import type { Settler } from './settler.js';
import { Together } from './together.js';

/** How many times a process may die under a message, until it is not sent any more. */
const MOST_DEATHS = 3;
/** Most requests whose acceptance is written down in one call of the store. */
const MOST_APPENDED = 1_000;

/** What holds for one dispatch. */
export interface DispatchCall {
  /** Ends it: what was not sent by then is not sent. */
  readonly signal?: AbortSignal | undefined;
  /** Whether the signal means that this process ends, so that what was not sent goes back to the store. */
  readonly handsBack?: boolean | undefined;
  /** Waits for the turn of `ordered` messages. */
  readonly comes?: ((channels: ReadonlySet<string>) => Promise<void>) | undefined;
  /** `performance.now()` at the beginning. */
  readonly startedAt: number;
}

/** How a message ended that was dispatched. */
export interface Dispatched {
  readonly held: Held;
  readonly report: SendReport;
  readonly failure: PushError | undefined;
}

/** Sends messages that this process holds, and settles them. It never throws. */
export class Dispatcher {
  readonly #host: RecordingHost;
  readonly #settler: Settler;
  readonly #watch: ProviderWatch;
  readonly #append: Together<Appended, undefined>;

  constructor(host: RecordingHost, settler: Settler, watch: ProviderWatch) {
    this.#host = host;
    this.#settler = settler;
    this.#watch = watch;
    this.#append = new Together(async (appended) => {
      await host.store.append(joined(appended));
      return appended.map(() => undefined);
    }, MOST_APPENDED);
  }

  /** @returns how each message ended, in their order; they are settled, or are settled as soon as the store is there */
  async dispatch(all: readonly Held[], call: DispatchCall): Promise<readonly Dispatched[]> {
    const conclusions = new Map<Held, Conclusion>();
    const open = all.filter((held) => !this.#endsEarly(held, conclusions, call));
    const asked = await askConditions(open, this.#host, this.#context(call, false));
    for (const [held, conclusion] of asked.concluded) conclusions.set(held, conclusion);
    const { plans, failures } = await addressHeld(asked.open, this.#host, call.signal);
    const cannotBegin = await this.#begin(plans, call);
    if (cannotBegin !== undefined) for (const { held } of plans.splice(0)) failures.set(held, cannotBegin);
    const isTry = this.#watch.begin();
    const journal = new Journal(this.#append, this.#host.logger);
    const { backend, capabilities, delivering, clock } = this.#host;
    for (const { held, left } of plans)
      journal.begin(held, left, capabilities, { backend: backend.name, at: clock.now() });
    const deliveries = await deliver(
      plans.map(({ left }) => left.planned),
      { ...delivering, ended: (request) => journal.ended(request) },
      call.signal,
    );
    await journal.written();
    this.#watch.ended(isTry, deliveries);
    const context = this.#context(call, this.#watch.isAway);
    for (const [held, failure] of failures) conclusions.set(held, failed(held, failure, context));
    for (const [index, { held, left }] of plans.entries()) {
      const delivery = deliveries[index];
      if (delivery !== undefined) conclusions.set(held, delivered(held, left, delivery, journal.of(left), context));
    }
    return this.#settle(all, conclusions);
  }

  /** Settles a message that cannot be made ready for sending. */
  async cannotSend(claim: Claim, failure: PushError): Promise<void> {
    const { stored, token } = claim;
    const details = JSON.parse(stored.details) as Details;
    const call = { startedAt: performance.now() };
    const conclusion = failed({ stored, details }, failure, this.#context(call, false));
    await this.#settler.settle([{ held: { stored, token, content: undefined }, conclusion }]);
  }

  /** Whether a message is not sent at all: expired, too many deaths, or nobody knows whether it was sent. */
  #endsEarly(held: Held, conclusions: Map<Held, Conclusion>, call: DispatchCall): boolean {
    const context = this.#context(call, false);
    const conclude = (conclusion: Conclusion): true => {
      conclusions.set(held, conclusion);
      return true;
    };
    if (held.isExpired) return conclude(skipped(held, 'expired', context));
    if (context.recording.debug) return conclude(debugged(held, context));
    const { deaths } = held.stored;
    if (deaths >= MOST_DEATHS) return conclude(failed(held, diedError(deaths), context));
    if (deaths > 0 && !resendsUnknown(held, context.recording)) return conclude(failed(held, keptError(), context));
    return false;
  }

  /** Waits for the backend, and for the turn. @returns why nothing can be sent */
  async #begin(
    plans: readonly { readonly left: Remaining }[],
    { signal, comes }: DispatchCall,
  ): Promise<PushError | undefined> {
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

  #context({ handsBack = false, startedAt, signal }: DispatchCall, isAway: boolean): ConcludingContext {
    const { backend, recording, clock, capabilities } = this.#host;
    return {
      backend: backend.name,
      recording,
      now: clock.now(),
      startedAt,
      isAway,
      handsBack: handsBack && signal?.aborted === true,
      isDebug: capabilities.isDebug === true,
    };
  }

  async #settle(all: readonly Held[], conclusions: ReadonlyMap<Held, Conclusion>): Promise<readonly Dispatched[]> {
    // By id: the condition "unread" puts a message to fewer users in the place of one that is held.
    const byId = new Map(Array.from(conclusions, ([{ stored }, conclusion]) => [stored.id, conclusion]));
    const ended = all.flatMap((held) => {
      const conclusion = byId.get(held.stored.id);
      return conclusion === undefined ? [] : [{ held, conclusion }];
    });
    const appended = ended.flatMap(({ held, conclusion }) =>
      conclusion.appended.length === 0 ? [] : [{ id: held.stored.id, outcomes: conclusion.appended }],
    );
    await this.#settler.settle(ended, appended);
    return ended.map(({ held, conclusion: { report, failure } }) => ({ held, report, failure }));
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
