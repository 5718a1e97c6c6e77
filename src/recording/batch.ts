import { whenAborted } from '../core/call-options.js';
import { waitingStates } from '../messages/states.js';
import type { BatchCounts, BatchEnd, BatchProgress, BatchResult, CheckedBatch } from './batch-options.js';
import { Claimer, type ClaimingParts } from './claiming.js';
import type { Conclusion } from './conclusion.js';
import { storeNow } from './host.js';
import { Housekeeping } from './housekeeping.js';

/** The count that a message goes into when it has ended. Back to `WAITING` goes into none: it is left. */
const countOfState = {
  SENT: 'sent',
  ERROR: 'failed',
  ERROR_RETRY: 'retrying',
  SKIPPED: 'skipped',
  CANCELLED: 'cancelled',
  DEBUG: 'debug',
} as const satisfies Partial<Record<Conclusion['settlement']['state'], keyof BatchCounts>>;

/** Sends what is due in the store, once: until nothing is due any more. */
export class Batch {
  readonly #parts: ClaimingParts;
  readonly #options: CheckedBatch;
  readonly #claimer: Claimer;
  readonly #counts = { sent: 0, failed: 0, retrying: 0, skipped: 0, cancelled: 0, debug: 0 };
  /** What went back, and is due when the provider may be there again. */
  readonly #postponed = new Set<string>();
  #due = 0;
  #running: Promise<BatchResult> | undefined;

  constructor(parts: ClaimingParts, options: CheckedBatch) {
    const { maxAttempts, maxAgeMs } = options;
    this.#parts = parts;
    this.#options = options;
    this.#claimer = new Claimer(parts, {
      limits: { maxAttempts, maxAgeMs },
      ended: (id, settlement) => this.#note(id, settlement),
    });
  }

  /** Sends. @throws what the store throws, when what is under way has ended */
  run(): Promise<BatchResult> {
    this.#running ??= this.#run();
    return this.#running;
  }

  /** Takes nothing more. Resolves when what is under way has ended. */
  async stop(): Promise<void> {
    this.#claimer.stop();
    // Whoever runs it hears of a failure.
    await this.#running?.catch(() => {});
  }

  /** Hands back what has not been sent. Resolves when it is written down. */
  async handBack(): Promise<void> {
    this.#claimer.handBack();
    await this.stop();
  }

  async #run(): Promise<BatchResult> {
    const { signal, onProgress } = this.#options;
    const forget = whenAborted(signal, () => this.#claimer.stop());
    try {
      if (onProgress !== undefined) this.#due = await this.#countDue();
      this.#tell();
      let ended: BatchEnd;
      try {
        ended = await this.#work();
      } finally {
        await this.#claimer.idle();
      }
      return { ...this.#counts, ended, ...(await this.#left()) };
    } finally {
      forget();
    }
  }

  async #work(): Promise<BatchEnd> {
    const { host } = this.#parts;
    const { size, signal, concurrency = host.working.concurrency } = this.#options;
    const housekeeping = new Housekeeping(host);
    while (true) {
      if (signal?.aborted) return 'signal';
      if (this.#claimer.isStopped) return 'closed';
      const left = size - this.#claimer.taken;
      if (left <= 0) return 'size';
      await housekeeping.purgeWhenDue();
      const isAlone = this.#claimer.messages === 0;
      const step = await this.#claimer.step(concurrency, left);
      this.#tell();
      if (step === 'went on') continue;
      // What is under way may be due again, or tell that the provider is there.
      if (isAlone) return step;
      await this.#claimer.idle();
    }
  }

  #note(id: string, { state, sendAfter }: Conclusion['settlement']): void {
    const name = Reflect.get(countOfState, state) as keyof BatchCounts | undefined;
    if (name !== undefined) this.#counts[name]++;
    // What a stop has handed back is due as before.
    if (state === 'WAITING' && (sendAfter?.inMs ?? 0) > 0) this.#postponed.add(id);
    else this.#postponed.delete(id);
    this.#tell();
  }

  #tell(): void {
    const { onProgress } = this.#options;
    if (onProgress === undefined) return;
    try {
      onProgress(this.#progress());
    } catch (error) {
      this.#parts.host.logger.error({ err: error }, '"onProgress" of sendBatch() failed');
    }
  }

  #progress(): BatchProgress {
    const { taken, messages } = this.#claimer;
    return { ...this.#counts, underWay: messages, total: Math.max(taken, Math.min(this.#due, this.#options.size)) };
  }

  async #countDue(): Promise<number> {
    const { store, service, clock } = this.#parts.host;
    return store.count({ service, states: waitingStates, dueBy: Math.floor(clock.now()) });
  }

  async #left(): Promise<Pick<BatchResult, 'left' | 'unknownConditions'>> {
    const { store, service, conditions, clock } = this.#parts.host;
    const [due, unknown] = await Promise.all([
      this.#countDue(),
      store.unclaimed(service, conditions.names, storeNow(clock)()),
    ]);
    return { left: due + this.#postponed.size, unknownConditions: Object.fromEntries(unknown) };
  }
}
