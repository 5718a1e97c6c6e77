import type { AppRelay } from './app-relay.js';

/** What an application has as a whole. */
export const WHOLE_APP = '!app';
export const CONNECTIONS = 'connections';

/** How long the relay has to say whether there is room, in milliseconds. Then this node decides alone. */
const ROOM_MS = 2000;

/** Tells other nodes how many connections an application has here, and asks them for room. */
export class ConnectionCount {
  readonly #relay: AppRelay;
  readonly #count: () => number;
  /** Connections on other nodes, as far as this one knows. */
  others = 0;
  /** Who asks for room. One does at a time, so that each is counted, and none is refused because of others who are. */
  #asking = 0;
  #turn: Promise<unknown> = Promise.resolve();

  /** @param count counts those that are here */
  constructor(relay: AppRelay, count: () => number) {
    this.#relay = relay;
    this.#count = count;
  }

  /** There are more of them here, or less. */
  note(): void {
    if (this.#asking === 0) void this.#hold(this.#count());
  }

  /**
   * Asks for room for one more.
   * @param max how many all nodes together may have
   * @param take counts it among those that are here, when there is room
   */
  reserve(max: number, take: () => void): Promise<boolean> {
    return this.#inTurn((deadline) => this.#hasRoom(this.#count() + 1, max, deadline), take);
  }

  /** Whether all nodes together have no more than they may, those that are here among them. */
  isWithin(max: number): Promise<boolean> {
    return this.#inTurn((deadline) => this.#hasRoom(this.#count(), max, deadline));
  }

  async #inTurn(ask: (deadline: number) => Promise<boolean>, take?: () => void): Promise<boolean> {
    this.#asking++;
    const deadline = performance.now() + ROOM_MS;
    const turn = this.#turn.then(async () => {
      const hasRoom = await ask(deadline);
      if (hasRoom) take?.();
      return hasRoom;
    });
    this.#turn = turn;
    const hasRoom = await turn;
    if (--this.#asking === 0) this.note();
    return hasRoom;
  }

  async #hasRoom(count: number, max: number, deadline: number): Promise<boolean> {
    const { promise, resolve } = Promise.withResolvers<undefined>();
    const timer = setTimeout(resolve, Math.max(0, deadline - performance.now()), undefined).unref();
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
