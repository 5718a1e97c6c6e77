import { type Clock, systemClock } from '../../src/core/clock.js';
import type { NewQueueJob, Queue, QueueJob } from '../../src/queues/queue.js';

interface Consumer {
  readonly handle: (job: QueueJob) => Promise<void>;
  readonly concurrency: number;
  readonly underWay: Set<Promise<void>>;
  readonly onError: ((error: Error) => void) | undefined;
}

/** A queue in the memory of this process, whose clock, losses and failures are in the test's hands. */
export class MemoryQueue implements Queue {
  readonly name = 'memory';
  /** All jobs that were added, those whose key was there already left out. */
  readonly added: NewQueueJob[] = [];
  /** All jobs that were handed out. */
  readonly handed: QueueJob[] = [];
  /** What `add` fails with. */
  failure: Error | undefined;
  readonly #clock: Clock;
  /** Those that wait for their time, by their keys. */
  readonly #delayed = new Map<string, () => void>();
  readonly #ready = new Map<string, QueueJob>();
  readonly #consumers = new Set<Consumer>();

  constructor(clock: Clock = systemClock) {
    this.#clock = clock;
  }

  /** Number of jobs that wait. */
  get size(): number {
    return this.#delayed.size + this.#ready.size;
  }

  async add(jobs: readonly NewQueueJob[]): Promise<void> {
    if (this.failure !== undefined) throw this.failure;
    for (const { inMs, ...job } of jobs) {
      if (this.#delayed.has(job.key) || this.#ready.has(job.key)) continue;
      this.added.push({ ...job, inMs });
      if (inMs > 0)
        this.#delayed.set(
          job.key,
          this.#clock.after(inMs, () => this.#isDue(job)),
        );
      else this.#isDue(job);
    }
  }

  async process(
    handle: Consumer['handle'],
    { concurrency, onError }: { readonly concurrency: number; readonly onError?: Consumer['onError'] },
  ): Promise<() => Promise<void>> {
    const consumer: Consumer = { handle, concurrency, onError, underWay: new Set() };
    this.#consumers.add(consumer);
    this.#handOut();
    return async () => {
      this.#consumers.delete(consumer);
      await Promise.all(consumer.underWay);
    };
  }

  /** Tells all who take jobs that it hands out none at the moment. */
  tell(error: Error): void {
    for (const { onError } of this.#consumers) onError?.(error);
  }

  /** Forgets all jobs that wait. */
  lose(): void {
    for (const callOff of this.#delayed.values()) callOff();
    this.#delayed.clear();
    this.#ready.clear();
  }

  /** Hands a job out, as a queue may do twice, or at a wrong time. */
  hand(job: QueueJob): void {
    this.#isDue(job);
  }

  #isDue(job: QueueJob): void {
    this.#delayed.delete(job.key);
    this.#ready.set(job.key, job);
    this.#handOut();
  }

  #handOut(): void {
    for (const consumer of this.#consumers) {
      for (const [key, job] of this.#ready) {
        if (consumer.underWay.size >= consumer.concurrency) break;
        this.#ready.delete(key);
        this.handed.push(job);
        const handling = consumer.handle(job).finally(() => {
          consumer.underWay.delete(handling);
          this.#handOut();
        });
        consumer.underWay.add(handling);
      }
    }
  }
}
