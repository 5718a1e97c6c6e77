import { DeliveryError } from '../../core/report.js';
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

/** A change that waits, and those who wait for it. */
interface Waiting {
  change: HeldChange;
  readonly answer: PromiseWithResolvers<ShareResult | undefined>;
  /** The answers of changes that it takes the place of. */
  readonly earlier: PromiseWithResolvers<ShareResult | undefined>[];
  /** Whether the relay cannot know of the share, so that nothing has to be done when it is given up. */
  isUnknown: boolean;
}

/** What a partition needs of its node. */
export interface PartitionHost {
  readonly leaseMs: number;
  /** An update has failed, and will be tried again. Must not throw. */
  failed(error: unknown): void;
  /** A change was dropped, because it cannot be made. Must not throw. */
  dropped(error: unknown): void;
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
  /** Whether a change waits that the relay cannot make. Until it is found, changes are made one at a time. */
  #isWrong = false;
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
    // What it held before it holds again, also where others have come meanwhile.
    for (const [key, change] of this.#held)
      if (!this.#waiting.has(key))
        this.#waiting.set(key, waiting({ ...change, maxItems: undefined, maxWeight: undefined }));
    if (this.#waiting.size > 0) this.#run();
  }

  /**
   * Means to hold a share from now on, or none.
   * @returns what the relay says of it, as soon as that is; undefined when the node is closed before
   */
  hold(change: HeldChange): Promise<ShareResult | undefined> {
    const { topic, set, item, share } = change;
    if (this.#isClosed) return Promise.resolve(undefined);
    const key = `${topic}\0${set}\0${item}`;
    const isNew = !this.#held.has(key);
    if (share === undefined) this.#held.delete(key);
    else this.#held.set(key, change);
    const before = this.#waiting.get(key);
    if (share === undefined && (before?.isUnknown ?? isNew)) return this.#forget(key, before);
    const now = before ?? waiting(change, isNew);
    now.change = change;
    this.#waiting.set(key, now);
    this.#run();
    return now.answer.promise;
  }

  /** Gives up a share that the relay has never heard of. */
  #forget(key: string, before: Waiting | undefined): Promise<ShareResult> {
    this.#waiting.delete(key);
    if (before !== undefined) answer(before, gone);
    return Promise.resolve(gone);
  }

  /** Resolves when everything is handed over that was published before, and the lease is renewed. */
  renew(): Promise<void> {
    if (this.#isClosed) return Promise.resolve();
    const resolver = Promise.withResolvers<void>();
    this.#renewals.push(resolver);
    this.#run();
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
    const { taken, isLast } = this.#take(isWhole);
    // Shares that the relay refuses keep nobody waiting for what others have published.
    const renewals = isLast ? this.#renewals : [];
    if (isLast) this.#renewals = [];
    const changes = taken.map(([, { change }]) => change);
    try {
      const update = await this.#connection.update(this.number, incarnation, this.#host.leaseMs, changes);
      if (update !== undefined) {
        this.#settle(taken, update);
        for (const { resolve } of renewals) resolve();
        this.#host.updated(this.number, update, isWhole);
        this.#isWrong &&= this.#waiting.size > 0;
        return;
      }
    } catch (error) {
      if (!(error instanceof DeliveryError) && taken.length > 0) {
        this.#takeBack(taken.length === 1 ? this.#drop(taken, error) : taken, renewals);
        this.#isWrong = true;
        return;
      }
      this.#isRefused ||= changes.some(({ share }) => share !== undefined);
      this.#takeBack(taken, renewals);
      throw error;
    }
    this.#takeBack(taken, renewals);
    await this.register(incarnation);
  }

  /** Takes the changes of the next update, and says whether they are the last ones. */
  #take(isWhole: boolean): { readonly taken: readonly (readonly [string, Waiting])[]; readonly isLast: boolean } {
    const taken: [string, Waiting][] = [];
    const max = this.#isWrong ? 1 : MAX_CHANGES;
    for (const [key, each] of this.#waiting) {
      if (!isWhole && each.change.share !== undefined) continue;
      if (taken.length === max) return { taken, isLast: false };
      taken.push([key, each]);
      this.#waiting.delete(key);
      each.isUnknown = false;
    }
    return { taken, isLast: true };
  }

  #settle(taken: readonly (readonly [string, Waiting])[], { results }: Update): void {
    for (const [index, [key, settled]] of taken.entries()) {
      const result = results[index] ?? gone;
      // Whoever asked for it may have asked for something else meanwhile.
      if (result.isRefused && this.#held.get(key) === settled.change) this.#held.delete(key);
      answer(settled, result);
    }
  }

  /** Drops a change that the relay cannot make, whatever the reason, so that it keeps no others from being made. */
  #drop(taken: readonly (readonly [string, Waiting])[], error: unknown): [] {
    for (const [key, dropped] of taken) {
      if (this.#held.get(key) === dropped.change) this.#held.delete(key);
      answer(dropped, undefined);
    }
    this.#host.dropped(error);
    return [];
  }

  /** Lets changes wait again that may not have been made: once more they do no harm. */
  #takeBack(taken: readonly (readonly [string, Waiting])[], renewals: readonly PromiseWithResolvers<void>[]): void {
    for (const [key, each] of taken) {
      const later = this.#waiting.get(key);
      if (later === undefined) this.#waiting.set(key, each);
      else {
        later.isUnknown = false;
        later.earlier.push(each.answer, ...each.earlier);
      }
    }
    this.#renewals = [...renewals, ...this.#renewals];
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
    for (const each of this.#waiting.values()) answer(each, undefined);
    for (const { resolve } of this.#renewals.splice(0)) resolve();
    const last = new Map([...this.#waiting].map(([key, { change }]) => [key, change]));
    this.#waiting.clear();
    const incarnation = this.#incarnation;
    if (incarnation === undefined) return;
    for (const [key, change] of this.#held) last.set(key, change);
    let lingerMs = 0;
    for (const change of last.values()) if (change.share) lingerMs = Math.max(lingerMs, change.lingerMs ?? 0);
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

function waiting(change: HeldChange, isUnknown = false): Waiting {
  return { change, answer: Promise.withResolvers(), earlier: [], isUnknown };
}

function answer({ answer: own, earlier }: Waiting, result: ShareResult | undefined): void {
  for (const { resolve } of [own, ...earlier]) resolve(result);
}
