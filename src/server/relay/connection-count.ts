import type { AppRelay } from './app-relay.js';

/** What an application has as a whole. */
export const WHOLE_APP = '!app';
export const CONNECTIONS = 'connections';

/** How long the relay has to say whether there is room, in milliseconds. Then this node decides alone. */
const ROOM_MS = 2000;

/** Tells other nodes how many connections an application has here, and asks them for room. */
export class ConnectionCount {
  readonly #relay: AppRelay;
  /** Connections on other nodes, as far as this one knows. */
  others = 0;

  constructor(relay: AppRelay) {
    this.#relay = relay;
  }

  /** There are so many connections here. */
  note(count: number): void {
    void this.#hold(count);
  }

  /**
   * Asks for room for one more.
   * @param count those that are here, and the new one
   * @param max how many all nodes together may have
   */
  async reserve(count: number, max: number): Promise<boolean> {
    const { promise, resolve } = Promise.withResolvers<undefined>();
    const timer = setTimeout(resolve, ROOM_MS, undefined).unref();
    const result = await Promise.race([this.#hold(count, max), promise]);
    clearTimeout(timer);
    return result === undefined ? count + this.others <= max : !result.isRefused;
  }

  async #hold(count: number, maxWeight?: number) {
    const share = count === 0 ? undefined : { weight: count };
    const result = await this.#relay.hold(WHOLE_APP, CONNECTIONS, '', share, { maxWeight });
    if (result !== undefined) this.others = Math.max(0, result.figures.weight - (result.isRefused ? count - 1 : count));
    return result;
  }
}
