import { ConfigurationError } from '../../core/errors.js';
import { defaultLogger, guarded, type Logger } from '../../core/logger.js';
import type { BackendHost } from './request.js';

/** The service that a backend belongs to: one at a time. */
export class HostSlot {
  #host: BackendHost | undefined;
  #logger: Logger = defaultLogger;

  get host(): BackendHost | undefined {
    return this.#host;
  }

  /** The service's logger, which does not throw here: a backend logs from work that nobody waits for. */
  get logger(): Logger {
    return this.#logger;
  }

  /**
   * Gives the backend to a service. A host of the service that has it already takes the place of the one before.
   * @returns ends it, unless another host has taken the place since
   * @throws ConfigurationError when another service has it
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
