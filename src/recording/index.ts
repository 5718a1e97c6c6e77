import { systemClock } from '../core/clock.js';
import type { RecordingSettings, WorkerSettings } from '../messages/settings.js';
import type { MessageStore } from '../messages/store.js';
import { Dispatcher } from './dispatcher.js';
import { type RecordingHost, storeNow } from './host.js';
import { Leases } from './leases.js';
import { MessageArchive } from './message-archive.js';
import { ProviderWatch } from './provider-watch.js';
import { contentReader } from './record.js';
import { Recorder } from './recorder.js';
import { readRecording, readWorking } from './settings.js';
import { Settler } from './settler.js';
import { storeOfText } from './store-of-text.js';
import { useStore } from './stores-in-use.js';
import { Worker } from './worker.js';

/** What recording needs of a configured service, before the settings are read. */
export interface RecordingSeed extends Omit<RecordingHost, 'store' | 'recording' | 'working'> {
  /** The setting `messages`. */
  readonly messages: MessageStore | string;
  /** The settings `recording` and `worker`, checked. */
  readonly recording: RecordingSettings | undefined;
  readonly worker: WorkerSettings | boolean | undefined;
}

/** Opens the store, and begins to work where the settings say so. @throws what the store throws */
export async function openRecordings({ messages, recording, worker, ...host }: RecordingSeed): Promise<Recordings> {
  const recordings = new Recordings({
    ...host,
    store: typeof messages === 'string' ? await storeOfText(messages) : messages,
    recording: readRecording(recording),
    working: readWorking(worker),
  });
  await recordings.open();
  return recordings;
}

/** All that records messages for one configured service. */
export class Recordings {
  readonly recorder: Recorder;
  readonly archive: MessageArchive;
  readonly worker: Worker;
  readonly #host: RecordingHost;
  readonly #settler: Settler;
  #leaveStore: (() => Promise<void>) | undefined;
  #endListening: (() => Promise<void>) | undefined;

  constructor(host: RecordingHost) {
    this.#host = host;
    const { store, clock, logger, working, backend, recording } = host;
    const leases = new Leases({
      leaseMs: working.leaseMs,
      clock,
      storeNow: storeNow(clock, systemClock),
      store,
      logger,
    });
    const watch = new ProviderWatch(backend.name, clock, logger);
    this.#settler = new Settler(host, leases);
    const dispatcher = new Dispatcher(host, this.#settler, watch);
    const read = contentReader(recording.unseal);
    this.worker = new Worker({ host, leases, dispatcher, watch, read });
    const wake = (inMs = 0): void => this.worker.wake(inMs);
    this.recorder = new Recorder({ host, leases, dispatcher, watch, wake });
    this.archive = new MessageArchive(host, read, wake);
  }

  /** Opens the store, and begins to work where the settings say so. @throws what the store throws */
  async open(): Promise<void> {
    const { store, working, service, logger } = this.#host;
    this.#leaveStore = await useStore(store);
    if (!working.works) return;
    this.worker.start();
    try {
      this.#endListening = await store.listen?.(service, () => this.worker.wake());
    } catch (error) {
      logger.warn({ err: error }, `the ${store.name} store tells of no new messages: they are found by asking`);
    }
  }

  /** Claims no more messages. Resolves when those under way have ended. */
  async stop(): Promise<void> {
    await this.worker.stop();
  }

  /** Hands back what has not been sent, and leaves the store. */
  async close(): Promise<void> {
    await this.#endListening?.();
    await this.worker.handBack();
    await this.#settler.close();
    await this.#leaveStore?.();
  }
}
