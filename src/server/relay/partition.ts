import { backoffDelay } from '../../wire/backoff.js';
import type { RelayConnection, ShareChange, ShareResult, Update } from './relay.js';

/** Changes in one update. The relay works on nothing else meanwhile. */
const MAX_CHANGES = 500;

/** Part of a lease after which it is renewed, so that two renewals may fail. */
const RENEWAL = 1 / 3;

/** Bounds of the wait before an update that failed is tried again, in milliseconds. */
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 2000;

/** A share that a node means to hold. */
export interface HeldChange extends ShareChange {
  /** How long others keep it when this node closes, in milliseconds, so that its client can come to them. @default 0 */
  readonly lingerMs?: number | undefined;
}

/** A change that waits, and who waits for it. */
interface Waiting {
  change: HeldChange;
  readonly resolvers: PromiseWithResolvers<ShareResult | undefined>[];
}

/** What a partition needs of its node. */
export interface PartitionHost {
  readonly leaseMs: number;
  /** An update has failed, and will be tried again. Must not throw. */
  failed(error: unknown): void;
  /** An update has succeeded. Must not throw. @param isWhole whether nothing was left out that the relay may refuse */
  updated(partition: number, update: Update, isWhole: boolean): void;
}

const gone: ShareResult = { isRefused: false, isNew: false, isGone: true, figures: { items: 0, weight: 0 } };

/**
 * This node in one partition of the relay: its incarnation with the lease, and the shares that it means to hold. One
 * update is under way at a time; what comes meanwhile goes into the next one. When the relay no longer knows the
 * incarnation, the node takes a new one and holds all of its shares again.
 */
export class Partition {
  readonly number: number;
  readonly #connection: RelayConnection;
  readonly #host: PartitionHost;
  /** The shares that this node means to hold. */
  readonly #held = new Map<string, HeldChange>();
  /** Those of which the relay has not heard yet. */
  readonly #waiting = new Map<string, Waiting>();
  /** Who waits for an update without a change. */
  #renewals: PromiseWithResolvers<void>[] = [];
  #incarnation: string | undefined;
  #registering: Promise<void> | undefined;
  #running: Promise<void> | undefined;
  /** Until the next renewal, or the next try. */
  #timer: NodeJS.Timeout | undefined;
  #endPause: (() => void) | undefined;
  #failures = 0;
  /**
   * Whether an update has failed that brought shares. A relay that is full refuses those, and still renews the lease:
   * so the next one goes without.
   */
  #isRefused = false;
  #isClosed = false;

  constructor(number: number, connection: RelayConnection, host: PartitionHost) {
    this.number = number;
    this.#connection = connection;
    this.#host = host;
  }

  /** The node's incarnation; undefined while it has none. */
  get incarnation(): string | undefined {
    return this.#incarnation;
  }

  /** Takes part: has an incarnation from now on. @throws DeliveryError when the relay does not answer */
  async open(): Promise<void> {
    await this.register(undefined);
    this.#renewLater();
  }

  /** Takes a new incarnation in place of one that the relay does not know, and holds all shares again. */
  register(unknown: string | undefined): Promise<void> {
    if (this.#incarnation !== unknown) return Promise.resolve();
    this.#registering ??= this.#register().finally(() => {
      this.#registering = undefined;
    });
    return this.#registering;
  }

  async #register(): Promise<void> {
    const incarnation = await this.#connection.register(this.number, this.#host.leaseMs);
    this.#incarnation = incarnation;
    for (const [key, change] of this.#held)
      if (!this.#waiting.has(key)) this.#waiting.set(key, { change, resolvers: [] });
    if (this.#waiting.size > 0) this.#run();
  }

  /**
   * Means to hold a share from now on, or none.
   * @returns what the relay says of it, as soon as that is; undefined when the node is closed before
   */
  hold(change: HeldChange): Promise<ShareResult | undefined> {
    const { topic, set, item, share } = change;
    const key = `${topic}\0${set}\0${item}`;
    const resolver = Promise.withResolvers<ShareResult | undefined>();
    if (this.#isClosed) resolver.resolve(undefined);
    else {
      if (share === undefined) this.#held.delete(key);
      else this.#held.set(key, change);
      const waiting = this.#waiting.get(key);
      if (waiting === undefined) this.#waiting.set(key, { change, resolvers: [resolver] });
      else {
        waiting.change = change;
        waiting.resolvers.push(resolver);
      }
      this.#run();
    }
    return resolver.promise;
  }

  /** Resolves when everything is handed over that was published before, and the lease is renewed. */
  renew(): Promise<void> {
    const resolver = Promise.withResolvers<void>();
    if (this.#isClosed) resolver.resolve();
    else {
      this.#renewals.push(resolver);
      this.#run();
    }
    return resolver.promise;
  }

  #run(): void {
    if (this.#isClosed) return;
    this.#running ??= this.#work().finally(() => {
      this.#running = undefined;
      if (this.#waiting.size > 0 || this.#renewals.length > 0) this.#run();
      else this.#renewLater();
    });
  }

  async #work(): Promise<void> {
    clearTimeout(this.#timer);
    // What the same tick asks for goes into the same update.
    await new Promise((resolve) => setImmediate(resolve));
    while (!this.#isClosed && (this.#waiting.size > 0 || this.#renewals.length > 0)) {
      try {
        await this.#update();
        if (!this.#isRefused) this.#failures = 0;
        this.#isRefused = false;
      } catch (error) {
        // A connection that this node itself has closed does not answer.
        if (this.#isClosed) return;
        this.#host.failed(error);
        await this.#pause(backoffDelay(this.#failures++, FIRST_PAUSE_MS, LONGEST_PAUSE_MS));
      }
    }
  }

  async #update(): Promise<void> {
    const incarnation = this.#incarnation;
    if (incarnation === undefined) return this.register(undefined);
    const isWhole = !this.#isRefused;
    const possible = isWhole ? [...this.#waiting] : [...this.#waiting].filter(([, { change }]) => !change.share);
    const taken = possible.slice(0, MAX_CHANGES);
    for (const [key] of taken) this.#waiting.delete(key);
    const renewals = this.#waiting.size === 0 ? this.#renewals.splice(0) : [];
    const changes = taken.map(([, { change }]) => change);
    try {
      const update = await this.#connection.update(this.number, incarnation, this.#host.leaseMs, changes);
      if (update !== undefined) {
        this.#settle(taken, update);
        for (const { resolve } of renewals) resolve();
        this.#host.updated(this.number, update, isWhole);
        return;
      }
    } catch (error) {
      this.#isRefused ||= changes.some(({ share }) => share !== undefined);
      this.#takeBack(taken, renewals);
      throw error;
    }
    this.#takeBack(taken, renewals);
    await this.register(incarnation);
  }

  #settle(taken: readonly (readonly [string, Waiting])[], { results }: Update): void {
    for (const [index, [key, { change, resolvers }]] of taken.entries()) {
      const result = results[index] ?? gone;
      // Whoever asked for it may have asked for something else meanwhile.
      if (result.isRefused && this.#held.get(key) === change) this.#held.delete(key);
      for (const { resolve } of resolvers) resolve(result);
    }
  }

  /** Lets changes wait again that may not have been made: once more they do no harm. */
  #takeBack(taken: readonly (readonly [string, Waiting])[], renewals: readonly PromiseWithResolvers<void>[]): void {
    for (const [key, { change, resolvers }] of taken) {
      const later = this.#waiting.get(key);
      if (later === undefined) this.#waiting.set(key, { change, resolvers });
      else later.resolvers.unshift(...resolvers);
    }
    this.#renewals.unshift(...renewals);
  }

  #renewLater(): void {
    clearTimeout(this.#timer);
    if (!this.#isClosed) this.#timer = setTimeout(() => void this.renew(), this.#host.leaseMs * RENEWAL).unref();
  }

  #pause(ms: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#endPause = resolve;
    this.#timer = setTimeout(resolve, ms).unref();
    return promise;
  }

  /** Gives up all shares but those that linger, and with the last of them the incarnation. */
  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    this.#endPause?.();
    for (const { resolvers } of this.#waiting.values()) for (const { resolve } of resolvers) resolve(undefined);
    for (const { resolve } of this.#renewals.splice(0)) resolve();
    const last = new Map([...this.#waiting].map(([key, { change }]) => [key, change]));
    this.#waiting.clear();
    const incarnation = this.#incarnation;
    if (incarnation === undefined) return;
    for (const [key, change] of this.#held) last.set(key, change);
    const lingerMs = Math.max(0, ...[...last.values()].map((change) => (change.share && change.lingerMs) ?? 0));
    if (lingerMs > 0) await this.#linger(incarnation, [...last.values()], lingerMs);
    else while (await this.#connection.evict(this.number, incarnation, { isOwn: true }));
  }

  /** Leaves the shares that linger to whoever evicts this node when its last lease has ended. They weigh nothing. */
  async #linger(incarnation: string, last: readonly HeldChange[], leaseMs: number): Promise<void> {
    const changes = last.map((change): ShareChange => {
      const isKept = (change.lingerMs ?? 0) > 0;
      return { ...change, share: isKept && change.share ? { ...change.share, weight: 0 } : undefined };
    });
    for (let start = 0; start < changes.length; start += MAX_CHANGES)
      await this.#connection.update(this.number, incarnation, leaseMs, changes.slice(start, start + MAX_CHANGES));
  }
}
