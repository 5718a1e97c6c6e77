import { askInTime } from '../core/ask-in-time.js';
import { waitingStates } from '../messages/states.js';
import type { QueueJob } from '../queues/queue.js';
import type { Claimer } from './claiming.js';
import type { RecordingHost } from './host.js';
import { attemptKey, type JobFeed } from './job-feed.js';
import type { ProviderWatches } from './provider-watches.js';
import { Together } from './together.js';

/** Most messages that are claimed in one call. */
const MOST_TOGETHER = 1_000;
/** Shortest wait of a job that came early by the store's clock, in milliseconds. */
const EARLY_MS = 200;
/** Shortest wait of a job that this process cannot see to, in milliseconds. */
const ELSEWHERE_MS = 1_000;
/** How long a queue counts as away after it has told of an error, in milliseconds: it tells once a minute. */
const FAILING_MS = 65_000;

/** What the jobs of a queue need of the worker. */
export interface QueueWorkParts {
  readonly host: RecordingHost;
  readonly feed: JobFeed;
  readonly watches: ProviderWatches;
  readonly claimer: Claimer;
  /** Hears that the provider is away, or that no job is being handled. */
  readonly look: () => void;
}

/** Handles the jobs of a queue: each message is claimed in the store by its id, and sent. */
export class QueueWork {
  readonly #parts: QueueWorkParts;
  readonly #claims: Together<string, Promise<void> | undefined>;
  /** The ends of the messages under way, by their ids. */
  readonly #ends = new Map<string, PromiseWithResolvers<void>>();
  readonly #handling = new Set<Promise<void>>();
  #processing: { readonly concurrency: number; readonly end: () => Promise<void> } | undefined;
  #ending: Promise<void> = Promise.resolve();
  #hasWarned = false;
  #isAway = false;
  /** When the queue told of its last error, unless it has handed out a job since. */
  #failedAt: number | undefined;
  #isStoreAway = false;

  constructor(parts: QueueWorkParts) {
    this.#parts = parts;
    // One claim at a time: a message that is tried alone holds up those that come after it.
    this.#claims = new Together((ids) => this.#claim(ids), MOST_TOGETHER);
  }

  /** Whether the queue could not be asked for jobs, or hands out none. */
  get isAway(): boolean {
    return this.#isAway || this.#isFailing;
  }

  get #isFailing(): boolean {
    return this.#failedAt !== undefined && this.#parts.host.clock.now() - this.#failedAt < FAILING_MS;
  }

  /** Begins to take jobs, unless it does. It never throws: the worker tries again. */
  async begin(concurrency: number): Promise<void> {
    if (this.#parts.claimer.isStopped || this.#processing?.concurrency === concurrency) return;
    this.pause();
    await this.#ending;
    const { queue } = this.#parts.feed;
    this.#failedAt = undefined;
    const onError = (error: Error): void => this.#hearOf(error);
    const handle = (job: QueueJob): Promise<void> => this.#handle(job);
    try {
      const end = await this.#inTime('begin', () => queue.process(handle, { concurrency, onError }));
      this.#processing = { concurrency, end };
      this.#isAway = false;
    } catch (error) {
      const level = this.#isAway ? 'debug' : 'warn';
      this.#isAway = true;
      this.#parts.host.logger[level](
        { err: error, queue: queue.name },
        `the ${queue.name} queue hands out no jobs: the worker tries again until it does`,
      );
    }
  }

  /** Notes that the queue hands out no jobs at the moment, and logs the first of its errors. */
  #hearOf(error: Error): void {
    const { host, feed } = this.#parts;
    const { name } = feed.queue;
    const level = this.isAway ? 'debug' : 'warn';
    this.#failedAt = host.clock.now();
    host.logger[level](
      { err: error, queue: name },
      `the ${name} queue hands out no jobs: messages wait in the store until it does`,
    );
  }

  /** Takes no more jobs. Those under way go on. */
  pause(): void {
    const { end } = this.#processing ?? {};
    this.#processing = undefined;
    if (end !== undefined) this.#ending = this.#end(end);
  }

  /** Takes no more jobs. Resolves when those under way have ended. */
  async end(): Promise<void> {
    this.pause();
    await this.#ending;
    await Promise.all(this.#handling);
  }

  async #end(end: () => Promise<void>): Promise<void> {
    const { host, feed } = this.#parts;
    const ended = end();
    ended.catch(() => {});
    // As long as they take. Only then the queue is asked to answer in time.
    await Promise.all(this.#handling);
    await this.#inTime('end', () => ended).catch((error: unknown) =>
      host.logger.warn({ err: error, queue: feed.queue.name }, `the ${feed.queue.name} queue did not end its work`),
    );
  }

  #inTime<Answer>(what: string, ask: () => Promise<Answer>): Promise<Answer> {
    const { queue } = this.#parts.feed;
    const missing = `The ${queue.name} queue did not ${what}`;
    return askInTime(queue, async () => ask(), this.#parts.host.timeout, { missing, outcome: 'unknown' });
  }

  /** Notes that a message has ended. */
  ended(id: string): void {
    this.#ends.get(id)?.resolve();
    this.#ends.delete(id);
  }

  async #handle(job: QueueJob): Promise<void> {
    this.#failedAt = undefined;
    const handling = this.#work(job)
      .catch((error: unknown) => this.#failed(error))
      .finally(() => this.#handling.delete(handling));
    this.#handling.add(handling);
    await handling;
    if (this.#handling.size === 0) this.#parts.look();
  }

  async #work(job: QueueJob): Promise<void> {
    const { host, feed, watches, claimer, look } = this.#parts;
    if (job.service !== host.service) {
      this.#warnOf(job);
      feed.again(job, ELSEWHERE_MS);
    } else if (claimer.isStopped) {
      feed.again(job, 0);
    } else if (watches.areAway || watches.areClosed) {
      // An attempt would be spent on nothing, and another process may be able to send it.
      feed.again(job, Math.max(watches.waitMs, ELSEWHERE_MS));
      look();
    } else {
      const [ended] = await this.#claims.add([job.id]);
      this.#isStoreAway = false;
      if (ended === undefined) await this.#lookAt(job);
      else await ended;
    }
  }

  /** @returns for each message that could be claimed its end */
  async #claim(ids: readonly string[]): Promise<readonly (Promise<void> | undefined)[]> {
    // Those that are under way here end here.
    const asked = [...new Set(ids)].filter((id) => !this.#ends.has(id));
    for (const id of asked) this.#ends.set(id, Promise.withResolvers());
    const answers = ids.map((id) => this.#ends.get(id)?.promise);
    let left: readonly string[] = asked;
    try {
      // Those whose worker died under them come one by one.
      while (left.length > 0) {
        const taken = await this.#parts.claimer.take(left.length, left);
        if (taken.ids.length === 0) break;
        left = left.filter((id) => !taken.ids.includes(id));
        void taken.sent.then(() => {
          for (const id of taken.ids) this.ended(id);
        });
      }
    } finally {
      for (const id of left) this.ended(id);
    }
    const open = new Set(left);
    return ids.map((id, place) => (open.has(id) ? undefined : answers[place]));
  }

  /** Puts a message back that is not due yet by the store's clock. */
  async #lookAt({ id, key }: QueueJob): Promise<void> {
    const { host, feed } = this.#parts;
    const { store, service, conditions, clock } = host;
    const [found] = await store.get(service, [id]);
    if (found === undefined || !waitingStates.includes(found.state)) return;
    // Another process may know the condition: the next sweep adds it again.
    if (found.condition !== undefined && !conditions.has(found.condition)) return;
    const inMs = Math.max(found.sendAfter - clock.now(), EARLY_MS);
    if (key === attemptKey(found)) feed.again(found, inMs);
    else feed.add(found, inMs);
  }

  #failed(error: unknown): void {
    const { logger, store } = this.#parts.host;
    const level = this.#isStoreAway ? 'debug' : 'error';
    this.#isStoreAway = true;
    logger[level](
      { err: error },
      `the worker cannot claim messages in the ${store.name} store: their jobs are added again when it answers`,
    );
  }

  #warnOf({ service }: QueueJob): void {
    const { host, feed } = this.#parts;
    if (this.#hasWarned) return;
    this.#hasWarned = true;
    host.logger.warn(
      { queue: feed.queue.name, service },
      `the ${feed.queue.name} queue hands out jobs of the service "${service}" to the service "${host.service}": give each service a queue of its own`,
    );
  }
}
