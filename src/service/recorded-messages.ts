import { Deadline } from '../core/deadline.js';
import { firedEarly } from '../delivery/plan.js';
import type { MessageOrigin } from '../delivery/recording-options.js';
import type { SendOptions } from '../delivery/send-options.js';
import { type CheckedMessage, checkedMessages } from '../recording/checked.js';
import type { RecordingSeed, Recordings } from '../recording/index.js';
import type { RunningWorker } from '../recording/worker.js';
import { backoffDelay } from '../wire/backoff.js';

/** The recorded messages of one configured service. What records them is loaded when a service has a message store. */
export class RecordedMessages {
  readonly #seed: RecordingSeed;
  #opening: Promise<Recordings> | undefined;
  #isClosed = false;
  #callOff: (() => void) | undefined;

  constructor(seed: RecordingSeed) {
    this.#seed = seed;
  }

  /**
   * Opens the store where this process works. It tries until the store is open; whoever needs it meanwhile tries, too,
   * and hears of the failure. Who does not work opens the store when it needs it.
   */
  start(failures = 0): void {
    const { works, logger, clock } = this.#seed;
    if (!works) return;
    this.opened().catch((error: unknown) => {
      if (this.#isClosed) return;
      const level = failures === 0 ? 'error' : 'debug';
      logger[level]({ err: error }, 'the message store could not be opened: the worker tries again until it is');
      this.#callOff = clock.after(backoffDelay(failures), () => this.start(failures + 1));
    });
  }

  /**
   * Resolves when the store is open.
   * @param timeout how long to wait, in milliseconds. @default the setting `timeout`
   * @throws PushError when it could not be opened; TimeoutError; AbortError
   */
  async opened(timeout: number = this.#seed.timeout, signal?: AbortSignal): Promise<Recordings> {
    const opening = this.#opening ?? this.#open();
    this.#opening = opening;
    // Who asks next tries again.
    opening.catch(() => {
      if (this.#opening === opening) this.#opening = undefined;
    });
    const wait = { missing: 'The message store did not open', consequence: 'nothing was recorded or sent' };
    return new Deadline(timeout).wait(opening, wait, { signal, aborted: firedEarly });
  }

  async #open(): Promise<Recordings> {
    const { openRecordings } = await import('../recording/index.js');
    const recordings = await openRecordings(this.#seed);
    if (this.#isClosed) await recordings.close();
    return recordings;
  }

  /** Begins to work, whatever the settings say. @throws PushError when the store could not be opened; TimeoutError */
  async work(concurrency: number | undefined): Promise<RunningWorker> {
    return (await this.opened()).work(concurrency);
  }

  /** Checks messages. The rest is as for {@link checkedMessages}. */
  check<User>(
    messages: readonly SendOptions<User>[],
    origins?: readonly MessageOrigin[],
  ): Promise<readonly CheckedMessage[]> {
    return checkedMessages(messages, this.#seed, origins);
  }

  /** Brings the schema of the store up to date. @returns the names of the migrations that it made */
  async migrate(): Promise<readonly string[]> {
    const { migrateStore } = await import('../recording/index.js');
    return migrateStore(this.#seed.messages);
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
    this.#callOff?.();
    try {
      await (await this.#ifOpen)?.close();
    } catch (error) {
      // The backend has to be closed all the same.
      this.#seed.logger.error({ err: error }, 'the message store could not be closed');
    }
  }

  /** What is open; undefined when nothing is, or cannot be. */
  get #ifOpen(): Promise<Recordings | undefined> {
    return (this.#opening ?? Promise.resolve(undefined)).catch(() => undefined);
  }
}
