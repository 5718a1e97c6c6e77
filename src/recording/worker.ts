import { backoffDelay } from '../wire/backoff.js';
import { Claimer, type ClaimingParts, type Step } from './claiming.js';
import { storeNow } from './host.js';
import { Housekeeping } from './housekeeping.js';
import type { JobFeed } from './job-feed.js';
import { QueueWork } from './queue-work.js';

/** Most messages that one sweep puts into the queue. */
const SWEEP_LIMIT = 1_000;
/** How long a message must have been due until a sweep puts it into the queue, which may be about to hand it out. */
const GRACE_MS = 5_000;

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
  readonly #parts: ClaimingParts;
  readonly #claimer: Claimer;
  readonly #housekeeping: Housekeeping;
  /** Takes the jobs of the queue, where there is one. */
  readonly #queue: QueueWork | undefined;
  /** Whether the last sweep left something. */
  #hasMore = false;
  /** Whether the next sweep takes what has just become due. */
  #isCalled = false;
  #concurrency: number;
  #running: Promise<void> | undefined;
  #wakes = Promise.withResolvers<void>();
  #failures = 0;

  constructor(parts: ClaimingParts) {
    this.#parts = parts;
    const { host, watch } = parts;
    this.#claimer = new Claimer(parts, { ended: (id) => this.#queue?.ended(id) });
    this.#housekeeping = new Housekeeping(host);
    this.#concurrency = host.working.concurrency;
    const look = (): void => {
      if (this.#hasMore || watch.isAway) this.#wakes.resolve();
    };
    this.#queue = host.feed && new QueueWork({ host, feed: host.feed, watch, claimer: this.#claimer, look });
  }

  get state(): WorkerState {
    if (this.#running === undefined || this.#claimer.isStopped) return 'stopped';
    if (this.#failures > 0) return 'store away';
    const { watch, host } = this.#parts;
    if (watch.isAway || !host.isOpen()) return 'provider away';
    return host.feed?.isAway || this.#queue?.isAway ? 'queue away' : 'working';
  }

  get underWay(): number {
    return this.#claimer.messages;
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
    if (this.#running === undefined || this.#claimer.isStopped) return;
    this.#isCalled = true;
    if (inMs <= 0) this.#wakes.resolve();
    else if (inMs < this.#parts.host.working.pollMs) this.#parts.host.clock.after(inMs, () => this.#wakes.resolve());
  }

  /** Claims nothing more. Resolves when what is under way has ended. */
  async stop(): Promise<void> {
    this.#claimer.stop();
    this.#wakes.resolve();
    await this.#running;
    await this.#queue?.end();
    await this.#claimer.idle();
  }

  /** Hands back what has not been sent. Resolves when it is written down. */
  async handBack(): Promise<void> {
    this.#claimer.handBack();
    await this.stop();
  }

  async #run(): Promise<void> {
    while (!this.#claimer.isStopped) {
      this.#wakes = Promise.withResolvers();
      try {
        await this.#housekeeping.whenDue();
        const step = await this.#step();
        this.#failures = 0;
        if (step !== 'went on') await this.#sleep(this.#restMs());
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

  /** Claims what is due; with a queue, sees to it that it hands that out. */
  async #step(): Promise<Step> {
    const { watch, host } = this.#parts;
    const { feed } = host;
    if (feed === undefined || this.#queue === undefined) return this.#claimer.step(this.#concurrency);
    // One message tries a provider that is away, and no job is taken from those that can send it.
    if (watch.isAway || !host.isOpen()) {
      this.#queue.pause();
      return this.#claimer.step(this.#concurrency);
    }
    await this.#queue.begin(this.#concurrency);
    await this.#sweep(feed);
    return 'nothing is due';
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

  #logFailure(error: unknown): void {
    const { logger, store } = this.#parts.host;
    // Once for each time that the store is away.
    const level = this.#failures === 1 ? 'error' : 'debug';
    logger[level]({ err: error }, `the worker cannot ask the ${store.name} store: it tries again until it answers`);
  }

  async #sleep(ms: number): Promise<void> {
    const { clock } = this.#parts.host;
    const { promise, resolve } = Promise.withResolvers<void>();
    const callOff = clock.after(ms, resolve);
    await Promise.race([promise, this.#wakes.promise]);
    callOff();
  }
}
