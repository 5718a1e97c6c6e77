import { asPushError } from '../backends/contract/failure.js';
import type { AnyBackend } from '../backends/contract/wrapper.js';

/**
 * The channels that a service is subscribed to. A channel stays subscribed while `subscribe` wants it or a loop runs
 * over its messages. Calls for one channel run one after the other.
 */
export class Subscriptions {
  readonly #backend: AnyBackend;
  readonly #wanted = new Map<string, { isExplicit: boolean; loops: number; busy: Promise<void> }>();

  constructor(backend: AnyBackend) {
    this.#backend = backend;
  }

  subscribe(channel: string): Promise<void> {
    return this.#change(channel, (entry) => {
      entry.isExplicit = true;
    });
  }

  unsubscribe(channel: string): Promise<void> {
    return this.#change(channel, (entry) => {
      entry.isExplicit = false;
    });
  }

  beginLoop(channel: string): Promise<void> {
    return this.#change(channel, (entry) => {
      entry.loops++;
    });
  }

  endLoop(channel: string): Promise<void> {
    return this.#change(channel, (entry) => {
      entry.loops--;
    });
  }

  #change(channel: string, change: (entry: { isExplicit: boolean; loops: number }) => void): Promise<void> {
    const entry = this.#wanted.get(channel) ?? { isExplicit: false, loops: 0, busy: Promise.resolve() };
    this.#wanted.set(channel, entry);
    const run = async (): Promise<void> => {
      const before = { isExplicit: entry.isExplicit, loops: entry.loops };
      change(entry);
      try {
        if (isWanted(entry) && !isWanted(before)) await this.#backend.subscribe(channel);
        if (!isWanted(entry) && isWanted(before)) await this.#backend.unsubscribe(channel);
      } catch (error) {
        // A failed subscription does not count. A failed end does: nobody wants the channel any more.
        if (isWanted(entry)) Object.assign(entry, before);
        throw asPushError(error, this.#backend);
      }
    };
    const done = entry.busy.then(run);
    const settled = done.catch(() => {});
    entry.busy = settled;
    void settled.then(() => {
      if (entry.busy === settled && !isWanted(entry)) this.#wanted.delete(channel);
    });
    return done;
  }
}

function isWanted(entry: { isExplicit: boolean; loops: number }): boolean {
  return entry.isExplicit || entry.loops > 0;
}
