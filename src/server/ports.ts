import type { PortTaker } from './attachment.js';
import type { CheckedOptions } from './checked-options.js';
import { answerUp, type Monitored, monitoringTaker } from './metrics/endpoints.js';
import { PortListener } from './port-listener.js';
import type { ListeningAddress } from './public-types.js';

/** How long the port for figures waits for who has not read its answer when it closes, in milliseconds. */
const METRICS_CLOSE_TIMEOUT_MS = 100;

/** The server that listens on the ports. */
export interface PortsHost {
  /** Answers what comes to the port for pages, but for `/up`. */
  readonly taker: PortTaker;
  readonly monitored: () => Monitored;
}

/** The ports that the server listens on itself: one for pages and server libraries, and one for its figures. */
export class Ports {
  readonly #options: CheckedOptions;
  readonly #host: PortsHost;
  #pages: PortListener | undefined;
  #metrics: PortListener | undefined;

  constructor(options: CheckedOptions, host: PortsHost) {
    this.#options = options;
    this.#host = host;
  }

  /** The address of the port for pages, while it listens. */
  get address(): ListeningAddress | undefined {
    return this.#pages?.address;
  }

  /** The address of the port for figures, while it listens. */
  get metricsAddress(): ListeningAddress | undefined {
    return this.#metrics?.address;
  }

  /**
   * Listens on those that the options name, or on none.
   * @throws ConfigurationError when it cannot listen on one of them
   */
  async open(): Promise<void> {
    // The port for figures comes first: when one of the two is taken, no client has been let in.
    await this.#openMetrics();
    try {
      await this.#openPages();
    } catch (error) {
      await this.closeMetrics();
      throw error;
    }
  }

  async #openPages(): Promise<void> {
    const { port, host } = this.#options;
    if (port === undefined) return;
    const { taker, monitored } = this.#host;
    const request: PortTaker['request'] = (incoming, response) => {
      if (!answerUp(monitored(), incoming, response)) taker.request(incoming, response);
    };
    const listener = new PortListener({ upgrade: taker.upgrade, request }, this.#options);
    await listener.listen({ port, host, options: { port: 'port', host: 'host' } });
    this.#pages = listener;
  }

  async #openMetrics(): Promise<void> {
    const { metricsPort: port, metricsHost: host, requestTimeoutMs } = this.#options;
    if (port === undefined) return;
    const times = { closeTimeoutMs: METRICS_CLOSE_TIMEOUT_MS, requestTimeoutMs };
    const listener = new PortListener(monitoringTaker(this.#host.monitored), times);
    await listener.listen({ port, host, options: { port: 'metricsPort', host: 'metricsHost' } });
    this.#metrics = listener;
  }

  /** Closes the port for pages. Resolves when its requests have been answered, after `closeTimeoutMs` at the latest. */
  async closePages(): Promise<void> {
    await this.#pages?.close();
    this.#pages = undefined;
  }

  async closeMetrics(): Promise<void> {
    await this.#metrics?.close();
    this.#metrics = undefined;
  }
}
