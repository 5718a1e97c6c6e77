import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { NewQueueJob, Queue, QueueJob } from '../index.js';
import type { QueueHarness, QueueSubject } from './queue-harness.js';
import { pause, until } from './waiting.js';

const SERVICE = 'shop';

/** Jobs that were handed out to one process, and what became of them. */
export class Consumer {
  readonly handed: QueueJob[] = [];
  /** Most jobs that were being handled at once. */
  most = 0;
  /** Those that are being handled, by what ends each. */
  readonly #open = new Set<() => void>();
  readonly #holds: boolean;
  #end: (() => Promise<void>) | undefined;

  /** @param holds whether a job is being handled until `release` is called */
  constructor(holds: boolean) {
    this.#holds = holds;
  }

  async begin(queue: Queue, concurrency: number): Promise<void> {
    this.#end = await queue.process((job) => this.#handle(job), { concurrency, onError: () => {} });
    assert.equal(typeof this.#end, 'function', 'process() must give a function that ends it');
  }

  /** Number of jobs that are being handled. */
  get underWay(): number {
    return this.#open.size;
  }

  /** Ends the handling of all jobs under way. */
  release(): void {
    for (const end of this.#open) end();
    this.#open.clear();
  }

  async end(): Promise<void> {
    await this.#end?.();
  }

  async #handle(job: QueueJob): Promise<void> {
    this.handed.push(job);
    if (!this.#holds) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#open.add(resolve);
    this.most = Math.max(this.most, this.#open.size);
    await promise;
  }
}

/** A running case about a queue. */
export class QueueTrial {
  readonly subject: QueueSubject;
  readonly #harness: QueueHarness;
  readonly #consumers = new Set<Consumer>();

  constructor(harness: QueueHarness, subject: QueueSubject) {
    this.#harness = harness;
    this.subject = subject;
  }

  get queue(): Queue {
    return this.subject.queue;
  }

  get delayMs(): number {
    return this.#harness.delayMs ?? 1_000;
  }

  /** The queue of another process. */
  async another(): Promise<Queue> {
    const another = await this.subject.another?.();
    assert.ok(another);
    return another;
  }

  job(of: Partial<NewQueueJob> = {}): NewQueueJob {
    const id = randomUUID();
    return { key: `${id}-0`, id, service: SERVICE, priority: 'normal', inMs: 0, ...of };
  }

  /** Begins to take jobs. @param holds whether each is being handled until it is released */
  async process(
    of: { readonly concurrency?: number; readonly holds?: boolean; readonly queue?: Queue } = {},
  ): Promise<Consumer> {
    const { concurrency = 10, holds = false, queue = this.queue } = of;
    const consumer = new Consumer(holds);
    this.#consumers.add(consumer);
    await consumer.begin(queue, concurrency);
    return consumer;
  }

  quiet(): Promise<void> {
    return pause(this.#harness.quietMs ?? 200);
  }

  async comesTrue(what: string, holds: () => boolean): Promise<void> {
    assert.ok(await until(holds, this.#harness.waitMs ?? 10_000), `${what} must come true`);
  }

  async end(): Promise<void> {
    try {
      for (const consumer of this.#consumers) {
        const ended = consumer.end();
        consumer.release();
        await ended;
      }
    } finally {
      await this.subject.close?.();
    }
  }
}

/** A property that a queue must have. */
export interface QueueCaseDefinition {
  readonly name: string;
  /** Returns what the case needs but the harness lacks. */
  readonly lacks?: (trial: QueueTrial) => string | undefined;
  readonly check: (trial: QueueTrial) => Promise<void>;
}

/** The `lacks` of a case about several processes. */
export function withoutAnother({ subject }: QueueTrial): string | undefined {
  return subject.another === undefined ? 'the harness has no another()' : undefined;
}

export function idsOf(jobs: readonly QueueJob[]): string[] {
  return jobs.map(({ id }) => id).sort();
}
