import { checkOptionNames, checkSignal, type Lasting, whenAborted } from './call-options.js';
import { ValidationError } from './errors.js';

/** A function that is called with each event of one kind. */
export type Listener<Event> = (event: Event) => unknown;

interface Entry<Event> {
  readonly listener: Listener<Event>;
  readonly isOnce: boolean;
  /** Makes the signal of the listener forget it. */
  readonly forget: () => void;
}

/** The listeners of one kind of event. When one fails, the others are still called. */
export class Listeners<Event> {
  readonly #listeners: Entry<Event>[] = [];
  readonly #failed: (error: unknown, event: Event) => void;

  /** @param failed hears of a listener that throws or rejects */
  constructor(failed: (error: unknown, event: Event) => void) {
    this.#failed = failed;
  }

  get isEmpty(): boolean {
    return this.#listeners.length === 0;
  }

  /**
   * Adds a listener. Adding it twice changes nothing.
   * @param call names the call in an error
   * @throws ValidationError for a listener that is no function, and for wrong options
   */
  add(listener: Listener<Event>, options: Lasting = {}, call: 'on()' | 'once()' = 'on()'): void {
    if (typeof listener !== 'function') throw new ValidationError('A listener must be a function.');
    checkOptionNames(options, ['signal'], call);
    const { signal } = options;
    checkSignal(signal);
    if (signal?.aborted || this.#listeners.some((entry) => entry.listener === listener)) return;
    const forget = whenAborted(signal, () => this.remove(listener));
    this.#listeners.push({ listener, isOnce: call === 'once()', forget });
  }

  remove(listener: Listener<Event>): void {
    const index = this.#listeners.findIndex((entry) => entry.listener === listener);
    for (const { forget } of index < 0 ? [] : this.#listeners.splice(index, 1)) forget();
  }

  /** Removes all listeners. */
  clear(): void {
    for (const { forget } of this.#listeners.splice(0)) forget();
  }

  call(event: Event): void {
    for (const { listener, isOnce } of [...this.#listeners]) {
      if (isOnce) this.remove(listener);
      try {
        const result = listener(event);
        if (result instanceof Promise) result.catch((error: unknown) => this.#failed(error, event));
      } catch (error) {
        this.#failed(error, event);
      }
    }
  }
}
