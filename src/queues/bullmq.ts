import { checkOptionNames } from '../core/call-options.js';
import { ConfigurationError } from '../core/errors.js';
import { loadPeer } from '../core/peer.js';
import type { Priority } from '../messages/record.js';
import type { NewQueueJob, Queue, QueueJob } from './queue.js';

/** A queue of the package `bullmq`, 5 or 6, as far as this needs it. */
export interface BullmqQueueLike {
  readonly name: string;
  readonly opts: object;
  addBulk(jobs: { name: string; data: QueueJob; opts: object }[]): Promise<unknown>;
}

/** A worker of the package `bullmq`, as far as this needs it. */
export interface BullmqWorkerLike {
  // biome-ignore lint/suspicious/noExplicitAny: what BullMQ's own types take, whatever they are in its next version.
  on(event: any, listener: (...values: any[]) => void): unknown;
  close(): Promise<void>;
}

/** The class `Worker` of the package `bullmq`. */
export type BullmqWorkerClass = new (
  name: string,
  // biome-ignore lint/suspicious/noExplicitAny: a job of any kind.
  processor: (job: any) => Promise<void>,
  // biome-ignore lint/suspicious/noExplicitAny: the options are BullMQ's.
  options: any,
) => BullmqWorkerLike;

/** Options of {@link bullmqQueue}. */
export interface BullmqQueueOptions {
  /**
   * The connection of the workers, as BullMQ takes it. They need one without `maxRetriesPerRequest`. It is not closed.
   * @default the queue's
   */
  readonly connection?: object | undefined;
  /** The class `Worker` of `bullmq`, for an application in a bundle. @default loaded when a process begins to work */
  readonly Worker?: BullmqWorkerClass | undefined;
}

/** BullMQ hands out first what has no priority, then by number, the smallest first. */
const priorities: Readonly<Record<Priority, number>> = { high: 0, normal: 10, low: 20 };

/**
 * Hands out what waits by a queue of BullMQ, one for each service. Each attempt at a message is one job, which is
 * removed when it has ended; BullMQ itself retries nothing.
 * @param queue the application's own; it is not closed
 * @throws ConfigurationError for anything but a queue
 * @example
 * const queue = new Queue('push', { connection: { host: 'localhost' } });
 * createPushService({ backend: 'pusher', messages: postgresMessages(pool), queue: bullmqQueue(queue) });
 */
export function bullmqQueue(queue: BullmqQueueLike, options: BullmqQueueOptions = {}): Queue {
  checkOptionNames(options, ['connection', 'Worker'], 'bullmqQueue()');
  const isQueue = typeof queue === 'object' && queue !== null && typeof queue.addBulk === 'function';
  if (!isQueue) throw new ConfigurationError('bullmqQueue() takes a queue of BullMQ: bullmqQueue(new Queue("push")).');
  return new BullmqQueue(queue, options);
}

class BullmqQueue implements Queue {
  readonly name = 'bullmq';
  readonly #queue: BullmqQueueLike;
  readonly #options: BullmqQueueOptions;

  constructor(queue: BullmqQueueLike, options: BullmqQueueOptions) {
    this.#queue = queue;
    this.#options = options;
  }

  async add(jobs: readonly NewQueueJob[]): Promise<void> {
    const added = jobs.map(({ inMs, ...data }) => ({
      name: 'push',
      data,
      opts: {
        // BullMQ leaves out a job whose id is there already.
        jobId: data.key,
        delay: inMs,
        priority: priorities[data.priority],
        attempts: 1,
        // So that a later job may have the key.
        removeOnComplete: true,
        removeOnFail: true,
      },
    }));
    if (added.length > 0) await this.#queue.addBulk(added);
  }

  async process(
    handle: (job: QueueJob) => Promise<void>,
    { concurrency, onError }: Parameters<Queue['process']>[1],
  ): Promise<() => Promise<void>> {
    const Worker = this.#options.Worker ?? loadWorker();
    const { connection, prefix, skipVersionCheck } = this.#queue.opts as Readonly<Record<string, unknown>>;
    const own = this.#options.connection === undefined ? connectionOf(connection) : undefined;
    const options = {
      connection: own?.connection ?? this.#options.connection,
      ...(prefix !== undefined && { prefix }),
      ...(skipVersionCheck !== undefined && { skipVersionCheck }),
      concurrency,
      // A job that was handed out twice finds nothing to do, so it may be handed out as often as workers die.
      maxStalledCount: 1_000,
    };
    let worker: BullmqWorkerLike;
    try {
      worker = new Worker(this.#queue.name, ({ data }: { readonly data: QueueJob }) => handle(data), options);
    } catch (error) {
      own?.close();
      throw error;
    }
    // Without a listener, BullMQ would end the process with the first error. It tries again at least every 30 seconds.
    let isEnding = false;
    worker.on('error', (error: Error) => {
      if (!isEnding) onError(withoutCommand(error));
    });
    return async () => {
      isEnding = true;
      await worker.close();
      own?.close();
    };
  }
}

function loadWorker(): BullmqWorkerClass {
  const otherwise = '. In a bundle, pass its class: bullmqQueue(queue, { Worker }).';
  return loadPeer<{ Worker: BullmqWorkerClass }>('bullmq', 'bullmqQueue()', undefined, otherwise).Worker;
}

/** An error of ioredis carries the command that failed, such as AUTH with its password. */
function withoutCommand({ message, code }: Error & { readonly code?: unknown }): Error {
  return Object.assign(new Error(message), code === undefined ? {} : { code });
}

interface Connection {
  readonly connection: unknown;
  readonly close: () => void;
}

/** The queue's connection for workers. BullMQ refuses them a client that gives commands up after some tries. */
function connectionOf(connection: unknown): Connection {
  if (typeof connection !== 'object' || connection === null) return { connection, close: () => {} };
  const { duplicate, options } = connection as { readonly duplicate?: unknown; readonly options?: unknown };
  if (typeof duplicate !== 'function')
    return { connection: { ...connection, maxRetriesPerRequest: null }, close: () => {} };
  const givesUp = Boolean((options as { readonly maxRetriesPerRequest?: unknown } | undefined)?.maxRetriesPerRequest);
  if (!givesUp) return { connection, close: () => {} };
  const own = Reflect.apply(duplicate, connection, [{ maxRetriesPerRequest: null }]) as {
    disconnect(): void;
    on(event: 'error', listener: () => void): void;
  };
  own.on('error', () => {});
  return { connection: own, close: () => own.disconnect() };
}
