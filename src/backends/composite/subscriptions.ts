import type { PushError } from '../../core/errors.js';
import type { Logger } from '../../core/logger.js';
import { asPushError } from '../contract/failure.js';
import type { Child } from './child.js';

/** Subscribes at several backends. One that fails is logged and tried again, as long as another one delivers. */
export class ChildSubscriptions {
  readonly #children: readonly Child[];
  readonly #retryMs: number;
  readonly #logger: () => Logger;
  readonly #missing = new Map<string, Set<Child>>();
  #timer: NodeJS.Timeout | undefined;

  /**
   * @param children the backends, all of which can subscribe
   * @param retryMs time before a backend that failed is tried again, in milliseconds
   */
  constructor(children: readonly Child[], retryMs: number, logger: () => Logger) {
    this.#children = children;
    this.#retryMs = retryMs;
    this.#logger = logger;
  }

  /** @throws PushError the first failure, when every backend fails */
  async subscribe(channel: string): Promise<void> {
    const missing = new Set(this.#children);
    this.#missing.set(channel, missing);
    const failures = await this.#try(channel, missing);
    const [first] = failures;
    if (first !== undefined && failures.length === this.#children.length) {
      this.#missing.delete(channel);
      throw first;
    }
  }

  /** @throws PushError the first failure, after all were tried */
  async unsubscribe(channel: string): Promise<void> {
    this.#missing.delete(channel);
    const ends = await Promise.allSettled(this.#children.map(({ backend }) => backend.unsubscribe(channel)));
    ends.forEach((end, index) => {
      const child = this.#children[index];
      if (end.status === 'rejected' && child !== undefined) throw asPushError(end.reason, child.backend);
    });
  }

  close(): void {
    this.#missing.clear();
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  async #try(channel: string, missing: Set<Child>): Promise<readonly PushError[]> {
    const failures: PushError[] = [];
    await Promise.all(
      [...missing].map(async (child) => {
        try {
          await child.open();
          await child.backend.subscribe(channel);
          missing.delete(child);
          // `unsubscribe` was called meanwhile.
          if (this.#missing.get(channel) !== missing) await child.backend.unsubscribe(channel);
        } catch (thrown) {
          const error = asPushError(thrown, child.backend);
          failures.push(error);
          this.#logger().warn({ err: error, channel }, `${child.label} could not be subscribed to; it is tried again`);
        }
      }),
    );
    if (missing.size === 0) this.#missing.delete(channel);
    else if (failures.length < this.#children.length) this.#schedule();
    return failures;
  }

  #schedule(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      for (const [channel, missing] of this.#missing) void this.#try(channel, missing);
    }, this.#retryMs).unref();
  }
}
