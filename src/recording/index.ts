import type { RecordingSettings, WorkerSettings } from '../messages/settings.js';
import type { MessageStore, Now } from '../messages/store.js';
import type { TemplateStore } from '../messages/template-store.js';
import type { Queue } from '../queues/queue.js';
import { Batch } from './batch.js';
import type { BatchResult, CheckedBatch } from './batch-options.js';
import type { ClaimingParts } from './claiming.js';
import { Dispatcher } from './dispatcher.js';
import { type RecordingHost, storeNow } from './host.js';
import { JobFeed } from './job-feed.js';
import { Leases } from './leases.js';
import { MessageArchive } from './message-archive.js';
import { ProviderWatch } from './provider-watch.js';
import { contentReader } from './record.js';
import { Recorder, type RecorderParts } from './recorder.js';
import { readRecording, readWorking } from './settings.js';
import { Settler } from './settler.js';
import { storeInTime } from './store-in-time.js';
import { storeOfText } from './store-of-text.js';
import { isInUse, useStore } from './stores-in-use.js';
import { type RunningWorker, Worker } from './worker.js';

/** What recording needs of a configured service, before the settings are read. */
export interface RecordingSeed extends Omit<RecordingHost, 'store' | 'recording' | 'working' | 'feed'> {
  /** The setting `messages`. */
  readonly messages: MessageStore | string;
  /** The setting `queue`. */
  readonly queue: Queue | undefined;
  /** The settings `recording` and `worker`, checked. */
  readonly recording: RecordingSettings | undefined;
  readonly worker: WorkerSettings | boolean | undefined;
  /** Whether this process works. */
  readonly works: boolean;
}

/** Opens the store, and begins to work where the settings say so. @throws what the store throws */
export async function openRecordings({
  messages,
  queue,
  recording,
  worker,
  works,
  ...host
}: RecordingSeed): Promise<Recordings> {
  const store = typeof messages === 'string' ? await storeOfText(messages) : messages;
  const recordings = new Recordings(store, {
    ...host,
    store: storeInTime(store),
    recording: readRecording(recording),
    working: readWorking(worker),
    feed: queue && new JobFeed(queue, host),
  });
  try {
    await recordings.open();
  } catch (error) {
    // The next try makes another one.
    if (typeof messages === 'string') await store.close().catch(() => {});
    throw error;
  }
  if (works) recordings.work();
  return recordings;
}

/**
 * Brings the schema of a store up to date.
 * @returns the names of the migrations that it made
 * @throws what the store throws
 */
export async function migrateStore(messages: MessageStore | string): Promise<readonly string[]> {
  const store = typeof messages === 'string' ? await storeOfText(messages) : messages;
  try {
    return await store.migrate();
  } finally {
    if (!isInUse(store)) await store.close();
  }
}

/** All that records messages for one configured service. */
export class Recordings {
  readonly recorder: Recorder;
  readonly archive: MessageArchive;
  readonly worker: Worker;
  /** The store itself, which may be shared by several services. */
  readonly #shared: MessageStore;
  readonly #host: RecordingHost;
  readonly #settler: Settler;
  readonly #leases: Leases;
  readonly #claiming: ClaimingParts;
  readonly #batches = new Set<Batch>();
  #isStopped = false;
  #leaveStore: (() => Promise<void>) | undefined;
  #listening: Promise<(() => Promise<void>) | undefined> | undefined;

  /** @param shared the store of the host, itself */
  constructor(shared: MessageStore, host: RecordingHost) {
    this.#shared = shared;
    this.#host = host;
    const { store, clock, logger, working, backend, recording } = host;
    this.#leases = new Leases({
      leaseMs: working.leaseMs,
      clock,
      storeNow: storeNow(clock),
      store,
      logger,
    });
    const watch = new ProviderWatch(backend.name, clock, logger);
    const leases = this.#leases;
    this.#settler = new Settler(host, leases);
    const dispatcher = new Dispatcher(host, this.#settler, watch);
    const read = contentReader(recording, host.timeout);
    this.#claiming = { host, leases, dispatcher, settler: this.#settler, watch, read, underWay: new Set() };
    this.worker = new Worker(this.#claiming);
    const { feed, service } = host;
    const waits: RecorderParts['waits'] = (message, inMs) =>
      feed === undefined ? this.worker.wake(inMs) : feed.add(message, inMs);
    // Another job may stand for the same attempt, at another time.
    const isDue = (id: string): void =>
      feed === undefined ? this.worker.wake() : feed.again({ id, service, priority: 'normal' }, 0);
    const isWorking = (): boolean => this.worker.state !== 'stopped';
    this.recorder = new Recorder({ host, leases, dispatcher, watch, waits, isWorking });
    this.archive = new MessageArchive(host, read, isDue);
  }

  /** Where templates are kept; undefined where the store keeps none. */
  get templates(): TemplateStore | undefined {
    return this.#host.store.templates;
  }

  /** The present, as calls of the store take it. */
  get now(): () => Now {
    return storeNow(this.#host.clock);
  }

  /** @throws what the store throws */
  async open(): Promise<void> {
    this.#leaveStore = await useStore(this.#shared);
  }

  /** Begins to work. @param concurrency the most messages under way at once. @default as before, or as set */
  work(concurrency?: number): RunningWorker {
    this.worker.start(concurrency);
    this.#listening ??= this.#listen();
    return this.worker;
  }

  /** Sends what is due, once. @throws what the store throws, when what is under way has ended */
  async sendBatch(options: CheckedBatch): Promise<BatchResult> {
    const batch = new Batch(this.#claiming, options);
    this.#batches.add(batch);
    try {
      const running = batch.run();
      if (this.#isStopped) void batch.handBack();
      return await running;
    } finally {
      this.#batches.delete(batch);
    }
  }

  async #listen(): Promise<(() => Promise<void>) | undefined> {
    const { store, service, logger } = this.#host;
    try {
      return await store.listen?.(service, () => this.worker.wake());
    } catch (error) {
      logger.warn({ err: error }, `the ${store.name} store tells of no new messages: they are found by asking`);
      return undefined;
    }
  }

  /** Claims no more messages. Resolves when those under way have ended. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await Promise.all([this.worker, ...this.#batches].map((each) => each.stop()));
  }

  /** Hands back what has not been sent, and leaves the store. */
  async close(): Promise<void> {
    this.#isStopped = true;
    await Promise.all([this.worker, ...this.#batches].map((each) => each.handBack()));
    await this.#settler.close();
    await this.#host.feed?.idle();
    this.#leases.end();
    try {
      const endListening = await this.#listening;
      await endListening?.();
    } finally {
      await this.#leaveStore?.();
    }
  }
}
