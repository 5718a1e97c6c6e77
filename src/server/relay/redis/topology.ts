import { Deadline } from '../../../core/deadline.js';
import type { Address, Link } from './link.js';
import { plainError } from './plain-errors.js';
import { mastersOf, textOfAddress, type View } from './slots.js';

/** How long servers may take to say who has the slots, in milliseconds. */
const ANSWER_MS = 2000;

/** A Cluster as a client of the application knows it. */
export interface Nodes {
  /** Servers to begin with. */
  readonly seeds: readonly Address[];
  /** Where a server is for us that has this address for the others: behind a NAT another one. */
  mapped(address: Address): Address;
}

/** Asks servers of a Cluster who has the slots. */
export class Topology {
  readonly #nodes: Nodes;
  readonly #slots: readonly number[];
  readonly #dial: (address: Address) => Promise<Link>;
  /** The addresses of all servers that were named, by their texts. */
  readonly #known = new Map<string, Address>();

  constructor(nodes: Nodes, slots: readonly number[], dial: (address: Address) => Promise<Link>) {
    this.#nodes = nodes;
    this.#slots = slots;
    this.#dial = dial;
  }

  addressOf(text: string): Address | undefined {
    return this.#known.get(text);
  }

  /** Notes an address as servers give it. @returns its text, as we reach it */
  noted(address: Address): string {
    const mapped = this.#nodes.mapped(address);
    const text = textOfAddress(mapped);
    this.#known.set(text, mapped);
    return text;
  }

  /**
   * What servers say at the moment.
   * @param links the servers by their addresses, with connections to those that are connected. Where none answers, all
   * that are known are tried
   * @throws the last failure when nobody answers
   */
  async views(links: ReadonlyMap<string, Link | undefined>): Promise<readonly View[]> {
    const asked = [...links].flatMap(([text, link]) => (link === undefined ? [] : [this.#ask(text, link)]));
    const answers = await Promise.allSettled(asked);
    const views = answers.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value] : []));
    if (views.length > 0) {
      const named = new Set([...links.keys(), ...views.flatMap(({ masters }) => masters)]);
      for (const text of this.#known.keys()) if (!named.has(text)) this.#known.delete(text);
      return views;
    }
    for (const seed of this.#nodes.seeds) this.#known.set(textOfAddress(seed), seed);
    const others = [...this.#known].filter(([text]) => links.get(text) === undefined);
    const found = Promise.any(others.map(([text, address]) => this.#askAnew(text, address)));
    return [
      await found.catch((error: AggregateError) => {
        throw plainError(error.errors[0] ?? new Error('no server of the Cluster is known'));
      }),
    ];
  }

  async #ask(text: string, link: Link): Promise<View> {
    const asked = this.#known.get(text);
    if (asked === undefined) throw new Error('unknown server');
    const answer = await new Deadline(ANSWER_MS).wait(link.send(['CLUSTER', 'SLOTS']), {
      missing: 'The server did not say who has the slots',
    });
    const masters = mastersOf(answer, this.#slots, asked);
    return { of: text, masters: masters.map((master) => (master === undefined ? undefined : this.noted(master))) };
  }

  async #askAnew(text: string, address: Address): Promise<View> {
    const link = await this.#dial(address);
    try {
      return await this.#ask(text, link);
    } finally {
      link.destroy();
    }
  }
}
