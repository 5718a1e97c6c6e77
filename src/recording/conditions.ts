import { checkOptionNames, checkSignal, type Lasting, whenAborted } from '../core/call-options.js';
import { ConfigurationError, ValidationError } from '../core/errors.js';
import type { MessageRecord } from '../messages/record.js';
import type { JsonValue } from '../wire/message.js';

/** The condition that is built in: it is asked for each user. */
export const UNREAD = 'unread';

/**
 * Decides when a message is due whether it is sent. It may be asked several times for a message. One that throws is
 * asked again later, and the message is not sent unasked.
 * @typeParam Args what `send` hands over. Nothing checks it: a message may have been recorded by an older release of
 * the application
 * @param args those of `send({ when: { name, args } })`, as JSON leaves them
 */
export type Condition<Args = JsonValue | undefined> = (
  message: MessageRecord,
  args: Args,
) => boolean | Promise<boolean>;

/** Options of {@link Conditions.add}. */
export interface ConditionOptions extends Lasting {
  /** Whether it takes the place of another one of the same name. @default false */
  readonly replace?: boolean | undefined;
}

/** The conditions of a service. They stay when it is configured anew. */
export class Conditions {
  readonly #conditions = new Map<string, Condition>();
  readonly #missed = new Set<string>();

  /** @throws ValidationError for a wrong name, condition or options; ConfigurationError for a name that is taken */
  add(name: string, condition: Condition, options: ConditionOptions = {}): void {
    if (typeof name !== 'string' || !/^.{1,255}$/su.test(name))
      throw new ValidationError('The name of a condition must be a string of 1 to 255 characters.');
    if (typeof condition !== 'function') throw new ValidationError('A condition must be a function.');
    checkOptionNames(options, ['signal', 'replace'], 'condition()');
    const { signal, replace = false } = options;
    checkSignal(signal);
    if (signal?.aborted) return;
    if (name === UNREAD) throw new ConfigurationError('The condition "unread" is built in: take another name.');
    if (this.#conditions.has(name) && !replace)
      throw new ConfigurationError(
        `There is a condition "${name}" already: take another name, or pass { replace: true } to put this one in its place.`,
      );
    this.#conditions.set(name, condition);
    whenAborted(signal, () => {
      if (this.#conditions.get(name) === condition) this.#conditions.delete(name);
    });
  }

  /** Whether this process can ask a condition. */
  has(name: string): boolean {
    return name === UNREAD || this.#conditions.has(name);
  }

  get(name: string): Condition | undefined {
    return this.#conditions.get(name);
  }

  /** The names of all conditions, the one that is built in among them. */
  get names(): readonly string[] {
    return [UNREAD, ...this.#conditions.keys()];
  }

  /**
   * Notes that a condition is asked for that there is not. @returns whether it is the first time, so that it is warned
   * of
   */
  isFirstMiss(name: string): boolean {
    return !this.#conditions.has(name) && this.#missed.size < this.#missed.add(name).size;
  }

  clear(): void {
    this.#conditions.clear();
    this.#missed.clear();
  }
}
