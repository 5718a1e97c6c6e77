import { backoffDelay } from '../wire/backoff.js';
import { Claimer, type ClaimingParts } from './claiming.js';
import { Housekeeping } from './housekeeping.js';

/**
 * What a worker does. `working`: it sends what is due. `provider away`: messages wait until the provider answers, or
 * until the backend is open.
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
  readonly #parts: ClaimingParts;
  readonly #claimer: Claimer;
  readonly #housekeeping: Housekeeping;
  #concurrency: number;
  #running: Promise<void> | undefined;
  #wakes = Promise.withResolvers<void>();
  #failures = 0;

  constructor(parts: ClaimingParts) {
    this.#parts = parts;
    this.#claimer = new Claimer(parts);
    this.#housekeeping = new Housekeeping(parts.host);
    this.#concurrency = parts.host.working.concurrency;
  }

  get state(): WorkerState {
    if (this.#running === undefined || this.#claimer.isStopped) return 'stopped';
    if (this.#failures > 0) return 'store away';
    const { watch, host } = this.#parts;
    return watch.isAway || !host.isOpen() ? 'provider away' : 'working';
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
  }

  /** Asks the store at once, or in a while. */
  wake(inMs = 0): void {
    if (this.#running === undefined || this.#claimer.isStopped) return;
    if (inMs <= 0) this.#wakes.resolve();
    else if (inMs < this.#parts.host.working.pollMs) this.#parts.host.clock.after(inMs, () => this.#wakes.resolve());
  }

  /** Claims nothing more. Resolves when what is under way has ended. */
  async stop(): Promise<void> {
    this.#claimer.stop();
    this.#wakes.resolve();
    await this.#running;
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
        const step = await this.#claimer.step(this.#concurrency);
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
    return Math.max(this.#parts.host.working.pollMs, this.#parts.watch.waitMs);
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
