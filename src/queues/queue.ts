import type { Priority } from '../messages/record.js';

/** One attempt at a message, as a queue hands it out. Nothing of the message's contents travels. */
export interface QueueJob {
  /**
   * Names the attempt: letters, digits and hyphens, at most 100 of them. Two jobs with one key are about the same
   * attempt.
   */
  readonly key: string;
  /** The message's id, a UUID. */
  readonly id: string;
  /** The service that the message belongs to. */
  readonly service: string;
  readonly priority: Priority;
}

/** A job to add. */
export interface NewQueueJob extends QueueJob {
  /** Time from now on until it is handed out, in milliseconds; 0 for at once. It may be longer than a timer takes. */
  readonly inMs: number;
}

/**
 * Carries the ids of messages that wait, from whoever recorded them to whoever sends them. The message store stays the
 * truth: before a message is sent, it is claimed there. So a queue may lose jobs, and hand them out late, early or
 * twice, and no message is lost or sent twice because of it. What it lost, workers find in the store and add again.
 *
 * A queue is the application's own: the service never closes it.
 * @example
 * createPushService({ backend: 'console', messages: postgresMessages(pool), queue: bullmqQueue(new Queue('push')) });
 */
export interface Queue {
  /** Its name in errors and logs, such as `bullmq`. */
  readonly name: string;

  /**
   * Adds jobs, each for its time. It MUST NOT add a job whose key another job has that waits: workers add what is
   * overdue again and again, and each would stand in the queue many times. It MUST take a key again when the job that
   * had it has ended, because that one may have come to nothing.
   *
   * It MUST reject when the jobs could not be added, and it MUST NOT need an answer of a job in order to hand out the
   * next one: a job is tried once, and the store decides whether and when its message is tried again.
   */
  add(jobs: readonly NewQueueJob[]): Promise<void>;

  /**
   * Begins to hand out jobs, those of all processes that add to the same queue, to one process each.
   * @param handle takes a job as it was added. It never rejects. It resolves when the message has ended, which may take
   * long: nobody else MUST get the job until then, as long as this process lives
   * @param options `concurrency`: the most jobs that it may be handling at once, 1 or more. `onError` MUST be called
   * when it cannot hand out jobs for another reason than its end, and again at least once a minute
   * as long as that lasts
   * @returns a function that ends it: no job is handed out after that call, and it resolves when those under way have
   * ended. The jobs that wait stay. After that, `process` may be called again
   */
  process(
    handle: (job: QueueJob) => Promise<void>,
    options: { readonly concurrency: number; readonly onError: (error: Error) => void },
  ): Promise<() => Promise<void>>;
}
