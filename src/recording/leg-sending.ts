import { asPushError } from '../backends/contract/failure.js';
import type { PushError } from '../core/errors.js';
import { deliver } from '../delivery/deliver.js';
import type { Destination } from '../delivery/destination.js';
import { longestTimeout } from '../delivery/plan.js';
import type { PendingRequest } from '../delivery/split.js';
import { type Addressed, addressLegs, type Leg } from './addressing.js';
import type { DispatchCall } from './dispatch-call.js';
import type { RecordingHost } from './host.js';
import { Journal } from './journal.js';
import type { Legs } from './legs.js';
import type { ProviderWatch } from './provider-watch.js';
import type { Settler } from './settler.js';
import { UnderWay } from './under-way.js';

/** The parts of recording that send legs. */
export interface LegParts {
  readonly host: RecordingHost;
  readonly settler: Settler;
  /** Watches the provider of the backend. */
  readonly watch: ProviderWatch;
  readonly legs: Legs;
  readonly call: DispatchCall;
}

/** Sends messages by one backend. While its provider is away they rest, but for the one that tries it. */
export class LegSending {
  readonly #destination: Destination;
  readonly #all: readonly Leg[];
  readonly #parts: LegParts;

  constructor(destination: Destination, all: readonly Leg[], parts: LegParts) {
    this.#destination = destination;
    this.#all = all;
    this.#parts = parts;
  }

  /** Finds the channels. @returns the legs that are to be delivered; the others have ended */
  async address(): Promise<readonly Addressed[]> {
    const { host, call } = this.#parts;
    const destination = this.#destination;
    if (call.handsBack === true && !destination.isOpen && (await this.#cannotOpen())) {
      for (const leg of this.#all) this.#rests(leg);
      return [];
    }
    const { plans, failures } = await addressLegs(destination, this.#all, host, call.signal);
    for (const [leg, failure] of failures) this.#failed(leg, failure);
    return plans;
  }

  /** Whether a process whose backend cannot be opened must not spend the attempts of messages that others can send. */
  async #cannotOpen(): Promise<boolean> {
    const { host, call } = this.#parts;
    if (!this.#destination.isOpening) return true;
    try {
      await this.#destination.opened(host.timeout, call.signal);
      return false;
    } catch {
      return true;
    }
  }

  /** Delivers legs, and tells how each has ended. @param turn resolves when it is the turn of `ordered` messages */
  async deliver(plans: readonly Addressed[], turn: Promise<void> | undefined): Promise<void> {
    if (plans.length === 0) return;
    try {
      await this.#begin(plans, turn);
    } catch (error) {
      for (const leg of plans) this.#failed(leg, asPushError(error, this.#destination.backend));
      return;
    }
    const { watch } = this.#parts;
    const isTry = watch.begin();
    const first = isTry ? plans.find(({ left }) => left.planned.channels.length > 0) : undefined;
    const isAway = watch.isAway;
    const going = isAway ? plans.filter((leg) => leg === first || !this.#waits(leg)) : plans;
    for (const leg of plans) if (isAway && !going.includes(leg)) this.#rests(leg);
    if (isTry && first === undefined) watch.gaveUp(isTry);
    await this.#deliver(going, first);
  }

  async #begin(plans: readonly Addressed[], turn: Promise<void> | undefined): Promise<void> {
    const { host, call } = this.#parts;
    const planned = plans.map(({ left }) => left.planned);
    await this.#destination.opened(longestTimeout(planned, host.timeout), call.signal);
    await turn;
  }

  async #deliver(plans: readonly Addressed[], tries: Addressed | undefined): Promise<void> {
    const { host, settler, watch, legs, call } = this.#parts;
    const destination = this.#destination;
    const { capabilities, delivering } = destination;
    const journal = new Journal((appended) => settler.append(appended), host.logger);
    const facts = { backend: destination.name, at: host.clock.now() };
    for (const { held, left } of plans) journal.begin(held, left, capabilities, facts);
    const ending: Promise<void>[] = [];
    const underWay = new UnderWay(plans, (leg, delivery) => {
      const { part, left } = leg;
      watch.ended(leg === tries, delivery);
      const conclude = (): void => {
        const { isAway } = watch;
        legs.ended(leg, { kind: 'sent', destination, part, isAway, left, delivery, journal: journal.of(left) });
      };
      if (journal.of(left).isKept) ending.push(journal.written().then(conclude));
      else conclude();
    });
    const ended = (request: PendingRequest): void => {
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

  /** Whether a leg waits for a provider that is away: one that is never tried again does not. */
  #waits({ held: { details }, left }: Addressed): boolean {
    const { recording } = this.#parts.host;
    const { length } = details.retryDelays ?? recording.retryDelays;
    return length > 0 && left.planned.channels.length > 0;
  }

  #failed(leg: Leg, failure: PushError): void {
    const { watch, legs } = this.#parts;
    const { isAway } = watch;
    legs.ended(leg, { kind: 'failed', destination: this.#destination, part: leg.part, isAway, failure });
  }

  #rests(leg: Leg): void {
    const { watch, legs } = this.#parts;
    const { waitMs } = watch;
    legs.ended(leg, { kind: 'rests', destination: this.#destination, part: leg.part, isAway: true, waitMs });
  }
}
