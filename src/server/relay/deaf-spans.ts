import type { Logger } from '../../core/logger.js';
import type { DeafSpan } from '../public-types.js';

/** Tells of the spans in which this node was deaf: each message that its clients have lost was published in one. */
export class DeafSpans {
  readonly #logger: () => Logger;
  readonly #listeners = new Set<(span: DeafSpan) => void>();
  /** The partitions that are deaf now. */
  readonly #deaf = new Set<number>();
  #since = Number.POSITIVE_INFINITY;
  /** How many partitions were deaf at once, since one began to be. */
  #most = 0;
  /** Spans that have ended, and their time, in milliseconds. */
  count = 0;
  totalMs = 0;

  /** Its logger must not throw. */
  constructor(logger: () => Logger) {
    this.#logger = logger;
  }

  /** Whether this node is deaf now, for some channels at least. */
  get isDeaf(): boolean {
    return this.#deaf.size > 0;
  }

  /** @param since by `Date.now()` */
  begin(partitions: readonly number[], since: number): void {
    if (!this.isDeaf)
      this.#logger().warn(
        { since: new Date(since) },
        'websocket: the relay is not heard any more: clients of this node miss what is published',
      );
    for (const number of partitions) this.#deaf.add(number);
    this.#since = Math.min(this.#since, since);
    this.#most = Math.max(this.#most, this.#deaf.size);
  }

  /** @param all number of partitions that there are */
  end(partitions: readonly number[], since: number, all: number): void {
    for (const number of partitions) this.#deaf.delete(number);
    this.#since = Math.min(this.#since, since);
    if (this.isDeaf) return;
    const span = { since: new Date(this.#since), until: new Date(), share: this.#most / all };
    this.#since = Number.POSITIVE_INFINITY;
    this.#most = 0;
    this.count++;
    this.totalMs += span.until.getTime() - span.since.getTime();
    const text =
      'websocket: the relay is heard again: what was published in this time may be missing on clients of this node';
    this.#logger().warn(span, text);
    for (const listener of this.#listeners) this.#tell(listener, span);
  }

  /** The node closes, and with it a span that lasts. @param all number of partitions that there are */
  close(all: number): void {
    if (this.isDeaf) this.end([...this.#deaf], this.#since, all);
  }

  #tell(listener: (span: DeafSpan) => void, span: DeafSpan): void {
    try {
      listener(span);
    } catch (error) {
      this.#logger().error({ err: error }, 'websocket: a listener of deaf spans failed');
    }
  }

  /** Calls a listener at the end of each span. @returns a function that ends it */
  listen(listener: (span: DeafSpan) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
