import type { Relay, RelayConnection, RelayHost } from '../../../src/server/relay/relay.js';

/** What one node has of the relay. */
export interface WatchedNode {
  /** Messages and changes that were handed to the node, by topic. */
  readonly heard: { readonly topic: string; readonly payload?: Uint8Array }[];
  readonly connection: RelayConnection;
  /** By partition. */
  readonly incarnations: Map<number, string>;
}

const LEASE_MS = 15_000;

/** A relay that knows what its nodes ask for and what they hear, so that a test can wait until all is said. */
export class WatchedRelay {
  readonly name: string;
  /** Those that are connected. */
  readonly #nodes = new Map<number, WatchedNode>();
  readonly #relay: Relay;
  /** Calls that were ever made, and those under way. */
  #calls = 0;
  #open = 0;
  /** How many were made before all was settled. */
  #settled = -1;
  #idle: (() => void)[] = [];

  constructor(relay: Relay) {
    this.#relay = relay;
    this.name = relay.name;
  }

  /** The relay for one node. @param number names the node */
  of(number: number): Relay {
    return { name: this.name, connect: (host) => this.#connect(host, number) };
  }

  /** A node that is connected. */
  node(number: number): WatchedNode {
    const node = this.#nodes.get(number);
    if (node === undefined) throw new Error(`Node ${number} is not connected.`);
    return node;
  }

  async #connect(host: RelayHost, number: number): Promise<RelayConnection> {
    const heard: WatchedNode['heard'] = [];
    const connection = await this.#relay.connect({
      logger: () => host.logger(),
      message: (topic, payload) => {
        heard.push({ topic, payload });
        host.message(topic, payload);
      },
      changed: (topic, change) => {
        heard.push({ topic });
        host.changed(topic, change);
      },
      deaf: (partitions, since) => host.deaf(partitions, since),
      hearing: (partitions, since) => host.hearing(partitions, since),
    });
    const node: WatchedNode = { heard, connection, incarnations: new Map() };
    this.#nodes.set(number, node);
    return this.#watched(node, () => this.#nodes.delete(number));
  }

  #watched(node: WatchedNode, closing: () => void): RelayConnection {
    const { connection } = node;
    return new Proxy(connection, {
      get: (_target, property) => {
        const value: unknown = Reflect.get(connection, property, connection);
        if (typeof value !== 'function') return value;
        return (...parameters: unknown[]): unknown => {
          if (property === 'close') closing();
          const result: unknown = value.apply(connection, parameters);
          if (property === 'register')
            return this.#counted(
              (result as Promise<string>).then((incarnation) => {
                node.incarnations.set(parameters[0] as number, incarnation);
                return incarnation;
              }),
            );
          return result instanceof Promise ? this.#counted(result) : result;
        };
      },
    });
  }

  #counted<T>(call: Promise<T>): Promise<T> {
    this.#calls++;
    this.#open++;
    return call.finally(() => {
      if (--this.#open === 0) for (const resolve of this.#idle.splice(0)) resolve();
    });
  }

  /**
   * Resolves when no node asks for anything, and all have heard everything that was published. What comes of it, they
   * have asked for, too.
   * @returns whether anything was under way
   */
  async settled(): Promise<boolean> {
    await this.#whenIdle();
    if (this.#calls === this.#settled) return false;
    while (this.#calls !== this.#settled) {
      const calls = this.#calls;
      await Promise.all([...this.#nodes.values()].map((node) => caughtUp(node)));
      await this.#whenIdle();
      if (calls === this.#calls) this.#settled = calls;
    }
    return true;
  }

  async #whenIdle(): Promise<void> {
    // What a node is about to ask for, it asks for within so many turns.
    for (let turns = 0; turns < 3; turns++) {
      await new Promise((resolve) => setImmediate(resolve));
      if (this.#open === 0) continue;
      await new Promise<void>((resolve) => this.#idle.push(resolve));
      turns = -1;
    }
  }
}

async function caughtUp({ connection, incarnations }: WatchedNode): Promise<void> {
  await Promise.all(
    [...incarnations].map(([partition, incarnation]) => connection.update(partition, incarnation, LEASE_MS, [])),
  );
}
