import { failed } from './plain-errors.js';

/** How long a marker may take to come back, in milliseconds. */
const MARKER_MS = 10_000;

interface Waiting extends PromiseWithResolvers<void> {
  readonly partition: number;
  readonly timer: NodeJS.Timeout;
}

/** Markers that updates have sent to this node itself: when one comes, all that was published before it has come. */
export class Markers {
  readonly #waiting = new Map<string, Waiting>();

  /** @throws DeliveryError `unknown` when it does not come in time, or can no longer come */
  wait(partition: number, marker: string): Promise<void> {
    const name = `${partition} ${marker}`;
    const fail = (): void => this.#fail(name, 'what it has published was not heard');
    const waiting = { partition, timer: setTimeout(fail, MARKER_MS), ...Promise.withResolvers<void>() };
    this.#waiting.set(name, waiting);
    // Whoever made it may have given up waiting.
    waiting.promise.catch(() => {});
    return waiting.promise;
  }

  came(partition: number, marker: string): void {
    this.#take(`${partition} ${marker}`)?.resolve();
  }

  /** Waits no longer for a marker whose update was not made. */
  forget(partition: number, marker: string): void {
    this.#take(`${partition} ${marker}`)?.resolve();
  }

  /** Markers of these partitions were missed. */
  missed(partitions: readonly number[], reason: string): void {
    for (const [name, { partition }] of this.#waiting) if (partitions.includes(partition)) this.#fail(name, reason);
  }

  #fail(name: string, reason: string): void {
    this.#take(name)?.reject(failed('update', 'unknown', reason, true));
  }

  #take(name: string): Waiting | undefined {
    const waiting = this.#waiting.get(name);
    this.#waiting.delete(name);
    clearTimeout(waiting?.timer);
    return waiting;
  }
}
