import { Deadline } from '../core/deadline.js';
import type { RecordingSeed, Recordings } from '../recording/index.js';

/** The recorded messages of one configured service. What records them is loaded when a service has a message store. */
export class RecordedMessages {
  readonly #seed: RecordingSeed;
  #opening: Promise<Recordings> | undefined;
  #isClosed = false;

  constructor(seed: RecordingSeed) {
    this.#seed = seed;
  }

  /** Opens the store. A failure is logged, and whoever needs the store tries again and hears of it. */
  open(): void {
    this.opened().catch((error: unknown) =>
      this.#seed.logger.error({ err: error }, 'the message store could not be opened'),
    );
  }

  /**
   * Resolves when the store is open.
   * @param timeout how long to wait, in milliseconds. @default the setting `timeout`
   * @throws PushError when it could not be opened; TimeoutError
   */
  async opened(timeout: number = this.#seed.timeout): Promise<Recordings> {
    const opening = this.#opening ?? this.#open();
    this.#opening = opening;
    // Who asks next tries again.
    opening.catch(() => {
      if (this.#opening === opening) this.#opening = undefined;
    });
    return new Deadline(timeout).wait(opening, {
      missing: 'The message store did not open',
      consequence: 'nothing was recorded or sent',
    });
  }

  async #open(): Promise<Recordings> {
    const { openRecordings } = await import('../recording/index.js');
    const recordings = await openRecordings(this.#seed);
    if (this.#isClosed) await recordings.close();
    return recordings;
  }

  /** Makes the worker look for messages at once. */
  wake(): void {
    void this.#ifOpen.then((recordings) => recordings?.worker.wake());
  }

  /** Claims no more messages. Resolves when those under way have ended. */
  async stop(): Promise<void> {
    await (await this.#ifOpen)?.stop();
  }

  /** Hands back what has not been sent, and closes the store unless others use it. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await (await this.#ifOpen)?.close();
  }

  /** What is open; undefined when nothing is, or cannot be. */
  get #ifOpen(): Promise<Recordings | undefined> {
    return (this.#opening ?? Promise.resolve(undefined)).catch(() => undefined);
  }
}
