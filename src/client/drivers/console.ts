import type { ClientDriver, ClientDriverHost } from '../driver.js';

/**
 * Driver for the console backend, which prints on the server. A page under development works with it, and receives
 * nothing.
 */
export class ConsoleDriver implements ClientDriver {
  readonly socketId = undefined;
  readonly #host: ClientDriverHost;

  constructor(host: ClientDriverHost) {
    this.#host = host;
  }

  connect(): void {
    this.#host.receiveState('unavailable');
    console.info('pushrail: the console backend prints messages on the server; none arrive here.');
  }

  disconnect(): void {}

  subscribe(): void {}

  unsubscribe(): void {}
}
