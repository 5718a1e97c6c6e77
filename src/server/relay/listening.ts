import { backoffDelay } from '../../wire/backoff.js';
import type { RelayConnection, SetChange } from './relay.js';

/** Hears a topic. Its methods must not throw. */
export interface TopicListener {
  message(payload: Uint8Array): void;
  changed(change: SetChange): void;
  /** For some time nothing was heard: messages and changes were missed. */
  missed(): void;
}

interface Topic {
  readonly listener: TopicListener;
  /** Settles when the relay has confirmed it. */
  readonly listening: PromiseWithResolvers<void>;
}

/** Bounds of the wait before a call that failed is made again, in milliseconds. */
const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 2000;

/**
 * The topics of one partition that this node listens to. What begins and ends within one tick, or while a call is under
 * way, becomes one call; what ends before it was begun costs nothing.
 */
export class Listening {
  readonly #number: number;
  readonly #connection: RelayConnection;
  readonly #topics = new Map<string, Topic>();
  /** Topics that the relay may hand over. */
  #heard = new Set<string>();
  /** Topics that have begun or ended. */
  #changed = new Set<string>();
  #isRunning = false;
  #isClosed = false;

  constructor(number: number, connection: RelayConnection) {
    this.#number = number;
    this.#connection = connection;
  }

  /** Whose topic it is; undefined when nobody listens to it any more. */
  listenerOf(topic: string): TopicListener | undefined {
    return this.#topics.get(topic)?.listener;
  }

  /** Those that are listened to. */
  get listeners(): readonly TopicListener[] {
    return [...this.#topics.values()].map(({ listener }) => listener);
  }

  /**
   * Listens to a topic, in place of whoever did.
   * @returns a promise that resolves when everything is heard that is published from then on. It never does when the
   * topic is left before
   */
  listen(topic: string, listener: TopicListener): Promise<void> {
    const before = this.#topics.get(topic);
    const listening = before?.listening ?? Promise.withResolvers<void>();
    this.#topics.set(topic, { listener, listening });
    if (before === undefined) this.#change(topic);
    return listening.promise;
  }

  leave(topic: string): void {
    if (!this.#topics.delete(topic)) return;
    // One that the relay was never asked for costs nothing.
    if (this.#heard.has(topic)) this.#change(topic);
    else this.#changed.delete(topic);
  }

  /** Asks the relay for nothing more. */
  close(): void {
    this.#isClosed = true;
    this.#topics.clear();
  }

  #change(topic: string): void {
    this.#changed.add(topic);
    if (this.#isRunning || this.#isClosed) return;
    this.#isRunning = true;
    setImmediate(() => void this.#run());
  }

  async #run(): Promise<void> {
    for (let failures = 0; this.#changed.size > 0 && !this.#isClosed; ) {
      const changed = [...this.#changed];
      this.#changed.clear();
      const begun = changed.filter((topic) => this.#topics.has(topic));
      const ended = changed.filter((topic) => !this.#topics.has(topic) && this.#heard.has(topic));
      try {
        await Promise.all([this.#leave(ended), this.#listen(begun)]);
        failures = 0;
      } catch {
        // The relay is away, which the updates of the partition say in the log.
        for (const topic of changed) this.#changed.add(topic);
        const pause = backoffDelay(failures++, FIRST_PAUSE_MS, LONGEST_PAUSE_MS);
        await new Promise((resolve) => setTimeout(resolve, pause).unref());
      }
    }
    this.#isRunning = false;
  }

  async #leave(topics: readonly string[]): Promise<void> {
    if (topics.length === 0) return;
    await this.#connection.leave(this.#number, topics);
    for (const topic of topics) this.#heard.delete(topic);
  }

  async #listen(topics: readonly string[]): Promise<void> {
    const unheard = topics.filter((topic) => !this.#heard.has(topic));
    for (const topic of unheard) this.#heard.add(topic);
    if (unheard.length > 0) {
      try {
        await this.#connection.listen(this.#number, unheard);
      } catch (error) {
        for (const topic of unheard) this.#heard.delete(topic);
        throw error;
      }
    }
    for (const topic of topics) this.#topics.get(topic)?.listening.resolve();
  }
}
