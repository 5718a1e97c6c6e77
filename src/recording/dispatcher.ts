import type { PushError } from '../core/errors.js';
import { DeliveryError, type SendReport } from '../core/report.js';
import { orderKeys } from '../delivery/order-keys.js';
import type { Addressed } from './addressing.js';
import { askConditions } from './asking.js';
import {
  type ConcludingContext,
  type Conclusion,
  concluded,
  debugged,
  failed,
  firstDueAt,
  outdated,
  skipped,
} from './conclusion.js';
import type { Details } from './content.js';
import type { DispatchCall } from './dispatch-call.js';
import type { Claim, Held } from './held.js';
import type { RecordingHost } from './host.js';
import { LegSending } from './leg-sending.js';
import { Legs } from './legs.js';
import { resendsUnknown } from './next-try.js';
import type { ProviderWatches } from './provider-watches.js';
import { routeHeld } from './routing.js';
import type { Settler } from './settler.js';

/** How many times a process may die under a message, until it is not sent any more. */
const MOST_DEATHS = 3;

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
  readonly #watches: ProviderWatches;

  constructor(host: RecordingHost, settler: Settler, watches: ProviderWatches) {
    this.#host = host;
    this.#settler = settler;
    this.#watches = watches;
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
    const asked = await askConditions(open, this.#host, () => this.#context(call), call.signal);
    for (const [held, conclusion] of asked.concluded) end(held, conclusion);
    const routed = await routeHeld(asked.open, this.#host, call.signal);
    for (const [held, failure] of routed.failures) end(held, failed(held, failure, this.#context(call)));
    const legs = new Legs(routed.open, (held, ends) => end(held, concluded(held, ends, this.#context(call))));
    const { comes } = call;
    const sendings = Array.from(
      legs.byDestination,
      ([destination, own]) =>
        new LegSending(destination, own, {
          host: this.#host,
          settler: this.#settler,
          watch: this.#watches.of(destination),
          legs,
          call,
        }),
    );
    const addressed = sendings.map((sending) => sending.address());
    const turn = comes && Promise.all(addressed).then((plans) => comes(channelKeys(plans.flat(), this.#host)));
    // Each of them hears of it, unless there is none.
    turn?.catch(() => {});
    await Promise.all(sendings.map(async (sending, index) => sending.deliver((await addressed[index]) ?? [], turn)));
  }

  /** Settles a message that cannot be made ready for sending. */
  async cannotSend(
    { stored, token }: Claim,
    failure: PushError,
    call: Pick<DispatchCall, 'limits' | 'ended'> = {},
  ): Promise<void> {
    const details = JSON.parse(stored.details) as Details;
    const context = this.#context({ ...call, startedAt: performance.now() });
    const conclusion = failed({ stored, details }, failure, context);
    await this.#settler.settle([{ held: { stored, token, content: undefined }, conclusion }]);
    call.ended?.(stored.id, conclusion.settlement);
  }

  /** Whether a message is not sent at all: expired, too old, too many deaths, or nobody knows whether it was sent. */
  #endsEarly(held: Held, call: DispatchCall, end: End): boolean {
    const context = this.#context(call);
    const { deaths, changedAt, reason } = held.stored;
    const { skip } = held.details;
    const { maxAgeMs = Number.POSITIVE_INFINITY } = call.limits ?? {};
    // One with a reason was skipped before: a `retry` by hand keeps the reason, and means to send it after all.
    if (skip !== undefined && reason === undefined) end(held, skipped(held, skip, context));
    else if (held.isExpired) end(held, skipped(held, 'expired', context));
    else if (context.recording.debug) end(held, debugged(held, context));
    // Both times are of the store's clock: it was changed last when it was claimed.
    else if (changedAt - firstDueAt(held) > maxAgeMs) end(held, outdated(held, maxAgeMs, context));
    else if (deaths >= MOST_DEATHS) end(held, failed(held, diedError(deaths), context));
    else if (deaths > 0 && !resendsUnknown(held, context.recording)) end(held, failed(held, keptError(), context));
    else return false;
    return true;
  }

  #context({ handsBack = false, startedAt, signal, limits }: DispatchCall): ConcludingContext {
    const { destinations, recording, clock } = this.#host;
    const isHandedBack = handsBack && signal?.aborted === true;
    const maxAttempts = limits?.maxAttempts ?? Number.POSITIVE_INFINITY;
    return { destinations, recording, now: clock.now(), startedAt, handsBack: isHandedBack, maxAttempts };
  }
}

/** What `ordered` calls share: channels, and of several backends those of one. */
function channelKeys(plans: readonly Addressed[], { destinations }: RecordingHost): Set<string> {
  return orderKeys(
    plans.map(({ part, left }) => ({ destination: part.destination, planned: left.planned })),
    destinations,
  );
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
