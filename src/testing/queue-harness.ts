import type { Queue } from '../index.js';

/** A queue, made for one case. */
export interface QueueSubject {
  /** The queue. It must hold no jobs yet. */
  readonly queue: Queue;
  /** Makes another one on the same jobs, as another process would. */
  another?(): Queue | Promise<Queue>;
  /** Called at the end of the case, when no job is handed out any more. */
  close?(): void | Promise<void>;
}

/** Makes the queue for the suite. */
export interface QueueHarness {
  /** Makes a queue. Called once for each case. */
  create(): QueueSubject | Promise<QueueSubject>;
  /** Longest wait for what must come in time, in milliseconds. @default 10 000 */
  readonly waitMs?: number | undefined;
  /** How long the suite waits for what must not come, in milliseconds. @default 200 */
  readonly quietMs?: number | undefined;
  /** A delay that the queue can tell from none, in milliseconds. @default 1 000 */
  readonly delayMs?: number | undefined;
}
