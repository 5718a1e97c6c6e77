import { PushError } from '../core/errors.js';
import { causeOf, cleaned, type Redactor, textOf } from '../core/redaction.js';
import { DeliveryError } from '../core/report.js';
import type { ClaimedMessage } from '../messages/store.js';
import { backoffDelay } from '../wire/backoff.js';
import type { Dispatcher } from './dispatcher.js';
import { type Held, revived } from './held.js';
import { type RecordingHost, storeNow } from './host.js';
import { Housekeeping } from './housekeeping.js';
import type { Leases } from './leases.js';
import type { ProviderWatches } from './provider-watches.js';
import type { ReadContent } from './record.js';
import type { Settler } from './settler.js';

/** The parts of recording that a worker works with. */
export interface WorkerParts {
  readonly host: RecordingHost;
  readonly leases: Leases;
  readonly dispatcher: Dispatcher;
  readonly settler: Settler;
  readonly watches: ProviderWatches;
  readonly read: ReadContent;
}

/**
 * What a worker does. `working`: it sends what is due. `provider away`: messages wait until the provider answers, or
 * until the backend is open; of several backends, this holds for all.
 * `store away`: the store does not answer, and is asked again. `stopped`: it claims nothing any more.
 */
export type WorkerState = 'working' | 'provider away' | 'store away' | 'stopped';

/** The worker of this process, as it is at the moment. */
export interface RunningWorker {
  readonly state: WorkerState;
  /** Number of messages under way. */
  readonly underWay: number;
  /** Most messages under way at once. */
  readonly concurrency: number;
  /** The setting `name`: the service whose messages it sends. */
  readonly service: string;
  /** The name of the message store. */
  readonly store: string;
}

/** Sends what is due in the store, as long as it runs. */
export class Worker implements RunningWorker {
  readonly #parts: WorkerParts;
  readonly #underWay = new Set<Promise<void>>();
  readonly #stop = new AbortController();
  readonly #giveUp = new AbortController();
  readonly #housekeeping: Housekeeping;
  #concurrency: number;
  #messages = 0;
  #running: Promise<void> | undefined;
  #wakes = Promise.withResolvers<void>();
  #failures = 0;
  /** Goes on when a message under way has ended. */
  #room = Promise.withResolvers<void>();

  constructor(parts: WorkerParts) {
    this.#parts = parts;
    this.#housekeeping = new Housekeeping(parts.host);
    this.#concurrency = parts.host.working.concurrency;
  }

  get state(): WorkerState {
    if (this.#running === undefined || this.#stop.signal.aborted) return 'stopped';
    if (this.#failures > 0) return 'store away';
    const { watches } = this.#parts;
    return watches.areAway || watches.areClosed ? 'provider away' : 'working';
  }

  get underWay(): number {
    return this.#messages;
  }

  get concurrency(): number {
    return this.#concurrency;
  }

  get service(): string {
    return this.#parts.host.service;
  }

  get store(): string {
    return this.#parts.host.store.name;
  }

  /** Begins to work. @param concurrency the most messages under way at once, also of a worker that works already */
  start(concurrency: number = this.#concurrency): void {
    this.#concurrency = concurrency;
    this.#running ??= this.#run();
  }

  /** Asks the store at once, or in a while. */
  wake(inMs = 0): void {
    if (this.#running === undefined || this.#stop.signal.aborted) return;
    if (inMs <= 0) this.#wakes.resolve();
    else if (inMs < this.#parts.host.working.pollMs) this.#parts.host.clock.after(inMs, () => this.#wakes.resolve());
  }

  /** Claims nothing more. Resolves when what is under way has ended. */
  async stop(): Promise<void> {
    this.#stop.abort(new Error('the worker stops'));
    this.#wakes.resolve();
    this.#room.resolve();
    await this.#running;
    await Promise.all(this.#underWay);
  }

  /** Hands back what has not been sent. Resolves when it is written down. */
  async handBack(): Promise<void> {
    this.#giveUp.abort(new Error('the process ends'));
    await this.stop();
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      this.#wakes = Promise.withResolvers();
      try {
        const mayGoOn = await this.#step();
        this.#failures = 0;
        if (!mayGoOn) await this.#sleep(this.#restMs());
      } catch (error) {
        this.#failures++;
        this.#logFailure(error);
        await this.#sleep(backoffDelay(this.#failures, this.#parts.host.working.pollMs));
      }
    }
  }

  /** How long to wait when nothing is due. */
  #restMs(): number {
    return Math.max(this.#parts.host.working.pollMs, this.#parts.watches.waitMs);
  }

  #logFailure(error: unknown): void {
    const { logger, store } = this.#parts.host;
    // Once for each time that the store is away.
    const level = this.#failures === 1 ? 'error' : 'debug';
    logger[level]({ err: error }, `the worker cannot ask the ${store.name} store: it tries again until it answers`);
  }

  /** Claims messages and begins to send them. @returns whether there may be more */
  async #step(): Promise<boolean> {
    const { host, leases, watches } = this.#parts;
    await this.#housekeeping.whenDue();
    // A process whose backend cannot be opened must not take messages from those that can send them.
    if (!watches.areLive) return false;
    const limit = watches.areAway ? 1 : this.#concurrency - this.#messages;
    // Claims of a few messages each would cost as much as those of many.
    if (!watches.areAway && limit < this.#concurrency / 2) {
      await this.#room.promise;
      return true;
    }
    const lease = leases.next();
    const { store, service, conditions, clock } = host;
    const now = storeNow(clock)();
    const claimed = await store.claim({ service, lease, limit, conditions: conditions.names, now });
    if (claimed.length === 0) return false;
    const [first] = claimed;
    const isSuspect = first?.isBegun === false;
    // Its lease ran out unnoticed: the clock was set, this process stood still, or the store was away.
    const isUnderWay = isSuspect && leases.tokenOf(first.id) !== undefined;
    leases.hold(
      lease.token,
      claimed.map(({ id }) => id),
    );
    if (isSuspect && (await this.#parts.settler.settleLate(first.id))) return true;
    if (isSuspect) await this.#begin(first, isUnderWay);
    if (isUnderWay) return true;
    const sent = this.#send(claimed, lease.token);
    // The answer of a provider that was away decides whether more are sent.
    if (isSuspect || watches.areAway) await sent;
    return true;
  }

  /** Begins to send a message whose lease ran out. @param isUnderWay whether this process is sending it */
  async #begin({ id, token }: ClaimedMessage, isUnderWay: boolean): Promise<void> {
    const { host, leases } = this.#parts;
    try {
      // A process may have died of it: nothing else is under way when it is tried.
      if (!isUnderWay) await Promise.all(this.#underWay);
      if (!this.#stop.signal.aborted) await host.store.begin(token, [id]);
    } catch (error) {
      // It is claimed again when its lease runs out.
      if (!isUnderWay) leases.release(token, id);
      throw error;
    }
  }

  /** Sends messages. One with a condition goes by itself: asking it may take long, and the others do not wait. */
  async #send(claimed: readonly ClaimedMessage[], token: string): Promise<void> {
    const asked = claimed.filter(({ condition }) => condition !== undefined);
    const others = claimed.filter(({ condition }) => condition === undefined);
    await Promise.all([others, ...asked.map((each) => [each])].map((group) => this.#sendGroup(group, token)));
  }

  async #sendGroup(group: readonly ClaimedMessage[], token: string): Promise<void> {
    if (group.length === 0) return;
    let left = group.length;
    const ended = (messages = 1): void => {
      left -= messages;
      this.#messages -= messages;
      this.#room.resolve();
      this.#room = Promise.withResolvers();
    };
    this.#messages += left;
    const sending = this.#dispatch(group, token, () => ended())
      .catch((error: unknown) => {
        this.#parts.host.logger.error({ err: error }, 'recorded messages could not be sent');
        // Their leases run out.
        for (const { id } of group) this.#parts.leases.release(token, id);
      })
      .finally(() => {
        this.#underWay.delete(sending);
        ended(left);
      });
    this.#underWay.add(sending);
    await sending;
  }

  async #dispatch(claimed: readonly ClaimedMessage[], token: string, ended: () => void): Promise<void> {
    const { host, dispatcher, read } = this.#parts;
    const wasStopped = this.#stop.signal.aborted;
    const revive = async (stored: ClaimedMessage): Promise<Held | undefined> => {
      const claim = { stored, token, isExpired: stored.isExpired };
      try {
        return await revived(claim, read, host);
      } catch (error) {
        await dispatcher.cannotSend(claim, unreadable(error, host.destinations));
        ended();
        return undefined;
      }
    };
    const held = (await Promise.all(claimed.map(revive))).filter((each) => each !== undefined);
    await dispatcher.dispatch(held, {
      // What was claimed while the worker stopped goes back.
      signal: wasStopped ? AbortSignal.abort(this.#stop.signal.reason) : this.#giveUp.signal,
      handsBack: true,
      ended,
      startedAt: performance.now(),
    });
  }

  async #sleep(ms: number): Promise<void> {
    const { clock } = this.#parts.host;
    const { promise, resolve } = Promise.withResolvers<void>();
    const callOff = clock.after(ms, resolve);
    await Promise.race([promise, this.#wakes.promise]);
    callOff();
  }
}

function unreadable(error: unknown, redactor: Redactor): PushError {
  if (PushError.isPushError(error)) return cleaned(error, redactor);
  return new DeliveryError(`The recorded message cannot be made ready: ${textOf(error, redactor)}`, {
    outcome: 'rejected',
    retryable: true,
    cause: causeOf(error, redactor),
  });
}
