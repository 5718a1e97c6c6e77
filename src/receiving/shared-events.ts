import { createHash } from 'node:crypto';
import { asPushError } from '../backends/contract/failure.js';
import type { SharedMemory } from '../backends/contract/shared-memory.js';
import type { AnyBackend } from '../backends/contract/wrapper.js';
import { askInTime } from '../core/ask-in-time.js';
import type { Deadline } from '../core/deadline.js';
import { TimeoutError } from '../core/errors.js';
import type { Logger } from '../core/logger.js';
import { KNOWN_FOR_MS } from '../webhooks/verify.js';

/** How long the memory may take to answer, in milliseconds. */
const ANSWER_MS = 2_000;
/** How long a memory that did not answer is left alone, in milliseconds. */
const AWAY_MS = 5_000;
/**
 * How long an event belongs to the process that handles it, in milliseconds. When that process dies, the event is
 * handled by another one that gets it later. So it is less than the 5 minutes for which Pusher repeats a webhook.
 */
const OWNED_MS = 60_000;
/** How long it takes until an event that another process handles is asked for again, in milliseconds. */
const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 1_000;
/** Time for a look at a key that is not to be kept, in milliseconds. */
const LOOK_MS = 1;

/** An event that this process is to handle. */
export interface Claim {
  /** Whether `messageReceived` is to fire for it, which it does in one process, once. */
  isToAnnounce(): Promise<boolean>;
  /** Notes that it has been handled. */
  handled(): Promise<void>;
  /** Notes that handling it has failed: another process, or this one, may. */
  failed(): Promise<void>;
}

/** The keys of an event. */
interface EventKeys {
  /** Held by the process that handles it. */
  readonly owned: string;
  readonly handled: string;
  readonly announced: string;
}

/**
 * The webhook events that processes with the same backend share, so that one of them handles each. Where the memory is
 * away, an event may be handled by several.
 */
export class SharedEvents {
  readonly #backend: AnyBackend;
  readonly #service: string;
  readonly #logger: Logger;
  /** By `performance.now()`: until then the memory is not asked. */
  #awayUntil = 0;
  #isAway = false;

  /** @param service its name: each service handles an event once */
  constructor(backend: AnyBackend, service: string, logger: Logger) {
    this.#backend = backend;
    this.#service = service;
    this.#logger = logger;
  }

  /** Whether there is such a memory. */
  get areShared(): boolean {
    return this.#backend.sharedMemory !== undefined;
  }

  /**
   * Asks for an event, and waits while another process handles it.
   * @returns undefined when it has been handled
   * @throws TimeoutError when another process does not end with it in time
   */
  async claim(id: string, deadline: Deadline): Promise<Claim | undefined> {
    const keys = this.#keysOf(id);
    const { owned, handled } = keys;
    for (let wait = FIRST_PAUSE_MS; ; wait = Math.min(2 * wait, LONGEST_PAUSE_MS)) {
      const ownedUntil = performance.now() + OWNED_MS;
      const isOwn = await this.#ask((memory) => memory.isFirst(owned, OWNED_MS));
      if (isOwn === undefined) return this.#claimOf(keys, 0, []);
      if (isOwn) {
        // Not before it is our own: its owner might end with it in between.
        const isNew = await this.#ask((memory) => memory.isFirst(handled, LOOK_MS));
        // The look is in the way of the next one who looks, when this one fails at once.
        if (isNew !== false) return this.#claimOf(keys, ownedUntil, isNew ? [handled] : []);
        await this.#ask((memory) => memory.forget(owned));
        return undefined;
      }
      // Before the deadline itself, so that the caller hears what is the matter.
      if (deadline.leftMs <= wait) {
        throw new TimeoutError(
          'Another process handles the same event of a webhook, and has not ended in time: the event is asked for again when it comes again, and nothing was sent.',
          { backend: this.#backend.name, outcome: 'rejected' },
        );
      }
      await pause(wait);
    }
  }

  /**
   * @param ownedUntil by `performance.now()`; afterwards it may be another process's
   * @param looks keys to forget when it fails
   */
  #claimOf({ owned, handled, announced }: EventKeys, ownedUntil: number, looks: readonly string[]): Claim {
    const release = async (...keys: readonly string[]): Promise<void> => {
      for (const key of keys) if (performance.now() < ownedUntil) await this.#ask((memory) => memory.forget(key));
    };
    return {
      isToAnnounce: async () => (await this.#ask((memory) => memory.isFirst(announced, KNOWN_FOR_MS))) ?? true,
      handled: async () => {
        await this.#ask(async (memory) => {
          if (await memory.isFirst(handled, KNOWN_FOR_MS)) return;
          // A look that ends too soon is in the way: our own, or that of a process that was slow.
          await memory.forget(handled);
          await memory.isFirst(handled, KNOWN_FOR_MS);
        });
        await release(owned);
      },
      failed: () => release(...looks, owned),
    };
  }

  #keysOf(id: string): EventKeys {
    // Names and ids are of any length.
    const hash = createHash('sha256').update(`${this.#service}\0${id}`).digest('base64url');
    const key = `webhook:${hash}:`;
    return { owned: `${key}owned`, handled: `${key}handled`, announced: `${key}announced` };
  }

  /** Asks the memory. @returns undefined when it is away, which is logged once until it is back */
  async #ask<Answer>(question: (memory: SharedMemory) => Promise<Answer>): Promise<Answer | undefined> {
    const backend = this.#backend;
    const memory = backend.sharedMemory;
    if (memory === undefined || performance.now() < this.#awayUntil) return undefined;
    try {
      const answer = await askInTime(backend, async () => question(memory), ANSWER_MS, {
        missing: `The ${backend.name} backend's memory of handled webhook events did not answer`,
        backend: backend.name,
      });
      if (this.#isAway) this.#logger.info({}, 'the memory of handled webhook events that all processes share is back');
      this.#isAway = false;
      return answer;
    } catch (error) {
      this.#awayUntil = performance.now() + AWAY_MS;
      if (!this.#isAway)
        this.#logger.warn(
          { err: asPushError(error, backend) },
          'the memory of handled webhook events that all processes share is away: until it is back, an event that comes to several processes is handled by each',
        );
      this.#isAway = true;
      return undefined;
    }
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => void setTimeout(resolve, ms));
}
