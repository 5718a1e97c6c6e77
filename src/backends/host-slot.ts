import { ConfigurationError } from '../errors.js';
import type { BackendHost } from './request.js';

/** The service that a backend belongs to: one at a time. */
export class HostSlot {
  #host: BackendHost | undefined;

  get host(): BackendHost | undefined {
    return this.#host;
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
    return () => {
      if (this.#host === host) this.#host = undefined;
    };
  }
}

function ownerOf(host: BackendHost): object {
  return host.owner ?? host;
}
