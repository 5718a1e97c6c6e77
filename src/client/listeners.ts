/**
 * Listeners of one kind. Each `add` counts for itself: a listener that is added twice is called twice, and the
 * function that `add` returns removes that one alone.
 */
export class Listeners<Arguments extends unknown[]> {
  readonly #entries = new Set<{ readonly listener: (...args: Arguments) => void }>();

  get size(): number {
    return this.#entries.size;
  }

  /** @throws TypeError when the listener is not a function */
  add(listener: (...args: Arguments) => void): () => void {
    checkListener(listener);
    const entry = { listener };
    this.#entries.add(entry);
    return () => {
      this.#entries.delete(entry);
    };
  }

  /** Calls those that are there now. One that throws is reported as an uncaught error and stops no other. */
  call(...args: Arguments): void {
    for (const entry of [...this.#entries]) {
      // An earlier listener may have removed this one.
      if (!this.#entries.has(entry)) continue;
      try {
        entry.listener(...args);
      } catch (error) {
        reportUncaught(error);
      }
    }
  }
}

/** @throws TypeError for what is not a function */
export function checkListener(listener: unknown): void {
  if (typeof listener !== 'function') throw new TypeError(`A listener must be a function, not ${typeof listener}.`);
}

/** Shows an error to `window.onerror` and to error trackers without ending what the caller is doing. */
function reportUncaught(error: unknown): void {
  const { reportError } = globalThis as { reportError?: (error: unknown) => void };
  if (reportError) {
    reportError(error);
    return;
  }
  queueMicrotask(() => {
    throw error;
  });
}
