import { ConfigurationError } from '../core/errors.js';
import { FALLBACK_WARNING } from '../settings/environment.js';
import { readSettings } from '../settings/read-settings.js';
import { checkPushServer } from '../settings/settings.js';
import type { IncomingMessage } from '../wire/message.js';
import { Runtime, type RuntimeKeeps } from './runtime.js';

/**
 * The runtime of a service: starts it, replaces it and closes it. A runtime opens only after the one before it has
 * closed.
 */
export class CurrentRuntime {
  readonly #receive: (message: IncomingMessage) => void;
  readonly #keeps: RuntimeKeeps;
  #current: Runtime | undefined;
  #ending: Runtime | undefined;
  #isClosed = false;
  #closing: Promise<void> = Promise.resolve();

  /**
   * @param receive gets the messages that come in
   * @param keeps what stays when the runtime changes
   */
  constructor(receive: (message: IncomingMessage) => void, keeps: RuntimeKeeps) {
    this.#receive = receive;
    this.#keeps = keeps;
  }

  /** The runtime that is configured, if any. */
  get current(): Runtime | undefined {
    return this.#current;
  }

  /** The runtime that is closing, if any. */
  get ending(): Runtime | undefined {
    return this.#ending;
  }

  /** The runtime that is configured, else the one that is closing, if any. */
  get latest(): Runtime | undefined {
    return this.#current ?? this.#ending;
  }

  /**
   * The runtime that is configured, by the environment if by nothing else.
   * @throws ConfigurationError for wrong settings
   */
  get configured(): Runtime {
    if (this.#current !== undefined) return this.#current;
    if (this.#isClosed) throw new ConfigurationError('The push service is closed: call configure() to use it again.');
    return this.start({});
  }

  /**
   * Starts a runtime in place of the current one.
   * @param beside what goes with a DSN
   * @throws ConfigurationError for wrong settings
   */
  start(given: unknown, beside?: unknown): Runtime {
    const { settings, isFallback, works } = readSettings(given, beside, process.env);
    const host = { owner: this, receive: this.#receive, works, ...this.#keeps };
    const runtime = new Runtime(checkPushServer(settings), host);
    if (isFallback) runtime.logger.warn({}, FALLBACK_WARNING);
    this.#closing = this.#stop().catch((error: unknown) =>
      runtime.logger.error({ err: error }, 'the previous backend could not be closed'),
    );
    this.#current = runtime;
    this.#isClosed = false;
    runtime.open(this.#closing);
    return runtime;
  }

  /**
   * Closes the current runtime, and starts no other until `start` is called.
   * @throws PushError when the backend cannot be closed
   */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#closing = this.#stop();
    await this.#closing;
  }

  /** Lets the next use start a runtime by the environment, as before the first one. */
  forget(): void {
    this.#isClosed = false;
  }

  /** Closes the current runtime, after all earlier ones. */
  #stop(): Promise<void> {
    const runtime = this.#current;
    this.#current = undefined;
    if (runtime === undefined) return this.#closing;
    this.#ending = runtime;
    return this.#closing
      .then(() => runtime.close())
      .finally(() => {
        if (this.#ending === runtime) this.#ending = undefined;
      });
  }
}
