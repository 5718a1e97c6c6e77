import type { NewQueueJob, Queue, QueueJob } from '../../../src/queues/queue.js';
import type { QueueHarness } from '../../../src/testing/index.js';
import { MemoryQueue } from '../../support/memory-queue.js';

/** Makes a queue that does something wrong out of one that does all right. */
export type QueueFault = (right: MemoryQueue) => Partial<Queue>;

/** A queue in memory with a fault. Its times are short, as nothing in it takes any. */
export function faultyQueue(fault: QueueFault): QueueHarness {
  return {
    create() {
      const right = new MemoryQueue();
      const queue: Queue = {
        name: 'memory',
        add: (jobs) => right.add(jobs),
        process: (handle, options) => right.process(handle, options),
        ...fault(right),
      };
      return { queue, another: () => queue };
    },
    waitMs: 400,
    quietMs: 20,
    delayMs: 100,
  };
}

/** Adds other jobs than it is given. */
export function adding(change: (job: NewQueueJob, n: number) => NewQueueJob | readonly NewQueueJob[]): QueueFault {
  return (right) => ({ add: (jobs) => right.add(jobs.flatMap(change)) });
}

/** Hands out other jobs than it was given. */
export function handing(change: (job: QueueJob) => QueueJob): QueueFault {
  return (right) => ({ process: (handle, options) => right.process((job) => handle(change(job)), options) });
}
