import type { PushError } from '../../core/errors.js';
import type { Logger } from '../../core/logger.js';
import { askBackend, NOT_SUBSCRIBED } from '../contract/ask.js';
import { asPushError } from '../contract/failure.js';
import type { Child } from './child.js';

/** The composite, as its subscriptions see it. */
export interface SubscriptionHost {
  readonly logger: () => Logger;
  /** Time before a backend that failed is tried again, in milliseconds. */
  readonly resetAfterMs: number;
  /** How long a backend has for an answer, in milliseconds. */
  readonly timeout: () => number;
}

/** Subscribes at several backends. One that fails is logged and tried again, as long as another one delivers. */
export class ChildSubscriptions {
  readonly #children: readonly Child[];
  readonly #host: SubscriptionHost;
  readonly #missing = new Map<string, Set<Child>>();
  #timer: NodeJS.Timeout | undefined;

  /** @param children the backends, all of which can subscribe */
  constructor(children: readonly Child[], host: SubscriptionHost) {
    this.#children = children;
    this.#host = host;
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
    const ends = await Promise.allSettled(this.#children.map((child) => this.#end(channel, child)));
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
          await this.#begin(channel, child, missing);
        } catch (thrown) {
          const error = asPushError(thrown, child.backend);
          failures.push(error);
          this.#host
            .logger()
            .warn({ err: error, channel }, `${child.label} could not be subscribed to; it is tried again`);
        }
      }),
    );
    if (missing.size === 0) this.#missing.delete(channel);
    else if (failures.length < this.#children.length) this.#schedule();
    return failures;
  }

  async #begin(channel: string, child: Child, missing: Set<Child>): Promise<void> {
    const { backend } = child;
    await child.openInTime();
    const begin = async (): Promise<void> => {
      await backend.subscribe(channel);
      missing.delete(child);
      // `unsubscribe` was called meanwhile, or this came too late for a call that has failed.
      if (this.#missing.get(channel) !== missing) await this.#end(channel, child);
    };
    await askBackend(backend, this.#host.timeout(), begin, `subscribe to "${channel}"`, NOT_SUBSCRIBED);
  }

  async #end(channel: string, { backend }: Child): Promise<void> {
    const end = (): Promise<void> => backend.unsubscribe(channel);
    await askBackend(backend, this.#host.timeout(), end, `unsubscribe from "${channel}"`);
  }

  #schedule(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      for (const [channel, missing] of this.#missing) void this.#try(channel, missing);
    }, this.#host.resetAfterMs).unref();
  }
}
