import { backoffDelay } from '../wire/backoff.js';
import { ClaimedWork } from './claimed-work.js';
import type { Dispatcher } from './dispatcher.js';
import { type RecordingHost, storeNow } from './host.js';
import { Housekeeping } from './housekeeping.js';
import type { JobFeed } from './job-feed.js';
import type { Leases } from './leases.js';
import type { ProviderWatch } from './provider-watch.js';
import { QueueWork } from './queue-work.js';
import type { ReadContent } from './record.js';
import type { Settler } from './settler.js';

/** Most messages that one sweep puts into the queue. */
const SWEEP_LIMIT = 1_000;
/** How long a message must have been due until a sweep puts it into the queue, which may be about to hand it out. */
const GRACE_MS = 5_000;

/** The parts of recording that a worker works with. */
export interface WorkerParts {
  readonly host: RecordingHost;
  readonly leases: Leases;
  readonly dispatcher: Dispatcher;
  readonly settler: Settler;
  readonly watch: ProviderWatch;
  readonly read: ReadContent;
}

/**
 * What a worker does. `working`: it sends what is due. `provider away`: messages wait until the provider answers, or
 * until the backend is open.
 * `store away`: the store does not answer, and is asked again. `queue away`: the setting `queue` takes or hands out no
 * jobs, and is tried again. `stopped`: it claims nothing any more.
 */
export type WorkerState = 'working' | 'provider away' | 'store away' | 'queue away' | 'stopped';

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
  readonly #claims: ClaimedWork;
  readonly #stop = new AbortController();
  readonly #giveUp = new AbortController();
  readonly #housekeeping: Housekeeping;
  /** Takes jobs of the queue, where there is one. */
  readonly #queue: QueueWork | undefined;
  /** Whether the last sweep left something. */
  #hasMore = false;
  /** Whether the next sweep takes what has just become due. */
  #isCalled = false;
  #concurrency: number;
  #running: Promise<void> | undefined;
  #wakes = Promise.withResolvers<void>();
  #failures = 0;

  constructor(parts: WorkerParts) {
    this.#parts = parts;
    this.#housekeeping = new Housekeeping(parts.host);
    this.#concurrency = parts.host.working.concurrency;
    const { host, watch } = parts;
    const [stop, giveUp] = [this.#stop.signal, this.#giveUp.signal];
    this.#claims = new ClaimedWork({ ...parts, stop, giveUp, ended: (id) => this.#queue?.ended(id) });
    this.#queue =
      host.feed &&
      new QueueWork({
        host,
        feed: host.feed,
        watch,
        take: async (ids) => (await this.#claims.take(ids.length, ids)).claimed.map(({ id }) => id),
        isStopped: () => this.#stop.signal.aborted,
        look: () => (this.#hasMore || watch.isAway) && this.#wakes.resolve(),
      });
  }

  get state(): WorkerState {
    if (this.#running === undefined || this.#stop.signal.aborted) return 'stopped';
    if (this.#failures > 0) return 'store away';
    const { watch, host } = this.#parts;
    if (watch.isAway || !host.isOpen()) return 'provider away';
    return host.feed?.isAway || this.#queue?.isAway ? 'queue away' : 'working';
  }

  get underWay(): number {
    return this.#claims.count;
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
    if (this.#queue !== undefined) this.#wakes.resolve();
  }

  /** Asks the store at once, or in a while. */
  wake(inMs = 0): void {
    if (this.#running === undefined || this.#stop.signal.aborted) return;
    this.#isCalled = true;
    if (inMs <= 0) this.#wakes.resolve();
    else if (inMs < this.#parts.host.working.pollMs) this.#parts.host.clock.after(inMs, () => this.#wakes.resolve());
  }

  /** Claims nothing more. Resolves when what is under way has ended. */
  async stop(): Promise<void> {
    this.#stop.abort(new Error('the worker stops'));
    this.#wakes.resolve();
    this.#claims.wake();
    await this.#running;
    await this.#queue?.end();
    await this.#claims.idle();
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
    const { watch, host } = this.#parts;
    if (this.#queue !== undefined && !watch.isAway) return host.working.sweepMs;
    return Math.max(host.working.pollMs, watch.waitMs);
  }

  #logFailure(error: unknown): void {
    const { logger, store } = this.#parts.host;
    // Once for each time that the store is away.
    const level = this.#failures === 1 ? 'error' : 'debug';
    logger[level]({ err: error }, `the worker cannot ask the ${store.name} store: it tries again until it answers`);
  }

  /** Claims messages and begins to send them. @returns whether there may be more */
  async #step(): Promise<boolean> {
    const { host, watch } = this.#parts;
    await this.#housekeeping.whenDue();
    // A process whose backend cannot be opened must not take messages from those that can send them.
    if (!watch.isLive || !host.isOpen()) {
      this.#queue?.pause();
      return false;
    }
    if (host.feed !== undefined && this.#queue !== undefined && !watch.isAway) {
      await this.#queue.begin(this.#concurrency);
      await this.#sweep(host.feed);
      return false;
    }
    const limit = watch.isAway ? 1 : this.#concurrency - this.#claims.count;
    // Claims of a few messages each would cost as much as those of many.
    if (!watch.isAway && limit < this.#concurrency / 2) {
      await this.#claims.room;
      return true;
    }
    const { claimed, sent } = await this.#claims.take(limit);
    // The answer of a provider that was away decides whether more are sent.
    if (watch.isAway) await sent;
    return claimed.length > 0;
  }

  /** Puts into the queue what somebody should have taken by now. */
  async #sweep(feed: JobFeed): Promise<void> {
    const { store, service, conditions, clock, working } = this.#parts.host;
    const graceMs = this.#isCalled ? 0 : Math.min(GRACE_MS, working.sweepMs / 2);
    this.#isCalled = false;
    const request = { service, limit: SWEEP_LIMIT, conditions: conditions.names, graceMs };
    const due = await store.due({ ...request, now: storeNow(clock)() });
    this.#hasMore = due.length === SWEEP_LIMIT;
    if (due.length > 0) await feed.addDue(service, due);
  }

  async #sleep(ms: number): Promise<void> {
    const { clock } = this.#parts.host;
    const { promise, resolve } = Promise.withResolvers<void>();
    const callOff = clock.after(ms, resolve);
    await Promise.race([promise, this.#wakes.promise]);
    callOff();
  }
}
