import { ConfigurationError } from '../../core/errors.js';
import { defaultLogger, guarded, type Logger } from '../../core/logger.js';
import type { IncomingMessage } from '../../wire/message.js';

/** The service that uses a backend, as the backend sees it. */
export interface BackendHost {
  /** Hands an incoming message to the listeners of `messageReceived`. */
  receive(message: IncomingMessage): void;
  readonly logger: Logger;
  /** Turns data into JSON text as `send` does. @default JSON.stringify */
  readonly json?: (data: unknown) => string;
  /** Number of requests that the service makes at once. @default undefined: not known */
  readonly concurrency?: number;
  /** How long the service waits for the backend to open, in milliseconds. @default undefined: not known */
  readonly timeout?: number;
  /** Stands for the service, which has a new host each time it is configured. @default the host */
  readonly owner?: object;
}

/** Holds the service that a backend belongs to: one at a time. */
export class HostSlot {
  #host: BackendHost | undefined;
  #logger: Logger = defaultLogger;

  get host(): BackendHost | undefined {
    return this.#host;
  }

  /** The service's logger. It never throws here, because a backend logs from work that nobody waits for. */
  get logger(): Logger {
    return this.#logger;
  }

  /**
   * Gives the backend to a service. Another host of the same service takes the place of the one before.
   * @param backend the backend's name, for the error
   * @returns a function that frees the backend, unless another host has taken the place since
   * @throws ConfigurationError when the backend belongs to another service
   */
  take(host: BackendHost, backend: string): () => void {
    if (this.#host !== undefined && ownerOf(this.#host) !== ownerOf(host)) {
      throw new ConfigurationError(
        `This instance of the ${backend} backend is in use by another push service: make a second instance, or close the other service first.`,
        { backend },
      );
    }
    this.#host = host;
    this.#logger = guarded(host.logger);
    return () => {
      if (this.#host !== host) return;
      this.#host = undefined;
      this.#logger = defaultLogger;
    };
  }
}

function ownerOf(host: BackendHost): object {
  return host.owner ?? host;
}
