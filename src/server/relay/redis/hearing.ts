import type { TransportHost } from './transport.js';

/** Which partitions are heard, and since when the others are not. */
export class Hearing {
  readonly #host: TransportHost;
  /** Partitions that are not heard, and since when; undefined for those that never were. */
  readonly #deaf = new Map<number, number | undefined>();
  readonly #first = Promise.withResolvers<void>();

  constructor(host: TransportHost, partitions: number) {
    this.#host = host;
    for (let partition = 0; partition < partitions; partition++) this.#deaf.set(partition, undefined);
  }

  /** Resolves when all partitions have been heard for the first time. */
  get first(): Promise<void> {
    return this.#first.promise;
  }

  /** Whether all partitions are heard. */
  get isWhole(): boolean {
    return this.#deaf.size === 0;
  }

  /** @param since by `Date.now()` */
  lost(partitions: readonly number[], since: number): void {
    const news = partitions.filter((partition) => !this.#deaf.has(partition));
    for (const partition of news) this.#deaf.set(partition, since);
    if (news.length > 0) this.#host.deaf(news, since);
  }

  regained(partitions: readonly number[]): void {
    const since = new Map<number, number[]>();
    for (const partition of partitions) {
      const from = this.#deaf.get(partition);
      this.#deaf.delete(partition);
      if (from !== undefined) since.set(from, [...(since.get(from) ?? []), partition]);
    }
    for (const [from, regained] of since) this.#host.hearing(regained, from);
    if (this.#deaf.size === 0) this.#first.resolve();
  }
}
