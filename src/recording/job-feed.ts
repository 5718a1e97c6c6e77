import { randomUUID } from 'node:crypto';
import { askInTime } from '../core/ask-in-time.js';
import type { Logger } from '../core/logger.js';
import type { DueMessage, StoredMessage } from '../messages/store.js';
import type { NewQueueJob, Queue } from '../queues/queue.js';
import { Together } from './together.js';

/** Most jobs that go to the queue in one call. */
const MOST_TOGETHER = 1_000;

/** A message that waits, as far as its job tells of it. */
type Waiting = Pick<StoredMessage, 'id' | 'service' | 'priority' | 'attempts'>;

/**
 * Puts messages that wait into the queue, in the background: nobody waits for a queue, because what is not in it is
 * found in the store.
 */
export class JobFeed {
  readonly queue: Queue;
  readonly #logger: Logger;
  readonly #timeout: number;
  readonly #together: Together<NewQueueJob, undefined>;
  readonly #adding = new Set<Promise<unknown>>();
  #isAway = false;

  /** @param timeout how long the queue has for an answer, in milliseconds */
  constructor(queue: Queue, { logger, timeout }: { readonly logger: Logger; readonly timeout: number }) {
    this.queue = queue;
    this.#logger = logger;
    this.#timeout = timeout;
    this.#together = new Together((jobs) => this.#send(jobs), MOST_TOGETHER);
  }

  /** Whether the queue did not take the last jobs. */
  get isAway(): boolean {
    return this.#isAway;
  }

  /** Adds a message that waits for its next attempt. @param inMs until it is due */
  add(message: Waiting, inMs: number): void {
    this.#add([jobOf(message, inMs, attemptKey(message))]);
  }

  /**
   * Adds a message again whose job has been handed out and has come to nothing. Its key is a new one: the job that is
   * being handled has the old one until it has ended.
   */
  again(message: Omit<Waiting, 'attempts'>, inMs: number): void {
    this.#add([jobOf(message, inMs, `${message.id}-again-${randomUUID()}`)]);
  }

  /** Adds what the store has found. A queue that is away gets one alone, to see whether it is back. */
  async addDue(service: string, due: readonly DueMessage[]): Promise<void> {
    const jobs = due.map((message) => jobOf({ ...message, service }, 0, dueKey(message)));
    await this.#together.add(this.#isAway ? jobs.slice(0, 1) : jobs).catch(() => {});
  }

  /** Resolves when all that was to be added is there, or was refused. */
  async idle(): Promise<void> {
    while (this.#adding.size > 0) await Promise.all(this.#adding);
  }

  #add(jobs: readonly NewQueueJob[]): void {
    // Its client would keep each of them in memory until it is back.
    if (this.#isAway) return;
    const adding = this.#together
      .add(jobs)
      .catch(() => {})
      .finally(() => this.#adding.delete(adding));
    this.#adding.add(adding);
  }

  async #send(jobs: readonly NewQueueJob[]): Promise<readonly undefined[]> {
    const { queue } = this;
    const wait = { missing: `The ${queue.name} queue did not answer`, outcome: 'unknown' } as const;
    try {
      await askInTime(queue, async () => queue.add(jobs), this.#timeout, wait);
    } catch (error) {
      this.#failed(error);
      return jobs.map(() => undefined);
    }
    if (this.#isAway) this.#logger.warn({ queue: queue.name }, `the ${queue.name} queue takes jobs again`);
    this.#isAway = false;
    return jobs.map(() => undefined);
  }

  #failed(error: unknown): void {
    const { name } = this.queue;
    const level = this.#isAway ? 'debug' : 'warn';
    this.#isAway = true;
    this.#logger[level](
      { err: error, queue: name },
      `the ${name} queue takes no jobs: messages wait in the store until it does`,
    );
  }
}

function jobOf({ id, service, priority }: Omit<Waiting, 'attempts'>, inMs: number, key: string): NewQueueJob {
  return { key, id, service, priority, inMs: Math.max(0, Math.ceil(inMs)) };
}

/** Names an attempt: who records a message and who finds it in the store name it alike. */
export function attemptKey({ id, attempts }: Pick<Waiting, 'id' | 'attempts'>): string {
  return `${id}-${attempts}`;
}

/** One whose lease ran out has another key: the job that was being handled when its process died may still stand. */
function dueKey(message: DueMessage): string {
  const key = attemptKey(message);
  return message.state === 'SENDING' ? `${key}-lost-${message.deaths}` : key;
}
