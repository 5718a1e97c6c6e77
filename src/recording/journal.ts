import { type BackendCapabilities, fitsOneRequest } from '../backends/contract/capabilities.js';
import type { Logger } from '../core/logger.js';
import { byDelivery, type Delivery, type PendingRequest } from '../delivery/split.js';
import type { ChannelOutcome } from '../messages/record.js';
import type { Appended } from '../messages/store.js';
import { type AttemptFacts, acceptedOutcome } from './outcomes.js';
import type { Remaining } from './remaining.js';
import type { Routed } from './routing.js';

/** What became of what was accepted of a message: whether it is kept at once, and what could not be. */
export interface JournalOf {
  readonly isKept: boolean;
  readonly lost: readonly ChannelOutcome[];
}

interface Entry {
  readonly id: string;
  readonly facts: AttemptFacts;
  readonly lost: ChannelOutcome[];
}

/**
 * Writes down which requests of a message were accepted, while its others are under way: when the process dies, only
 * the rest is sent again. A message of one request by one backend has no need of it.
 */
export class Journal {
  readonly #entries = new Map<Remaining['planned'], Entry>();
  readonly #append: (appended: Appended) => Promise<void>;
  readonly #logger: Logger;
  readonly #writing = new Set<Promise<void>>();

  /** @param append keeps it in the store */
  constructor(append: (appended: Appended) => Promise<void>, logger: Logger) {
    this.#append = append;
    this.#logger = logger;
  }

  /** Notes that a message is about to be delivered. */
  begin(
    { stored: { id }, parts }: Pick<Routed, 'stored' | 'parts'>,
    { planned, owners }: Remaining,
    capabilities: BackendCapabilities,
    facts: Omit<AttemptFacts, 'owners'>,
  ): void {
    if (parts.length === 1 && fitsOneRequest(planned.channels, capabilities)) return;
    this.#entries.set(planned, { id, facts: { ...facts, owners }, lost: [] });
  }

  /** Takes a request that has ended. */
  ended(request: PendingRequest): void {
    for (const [delivery, channels] of byDelivery(request)) {
      const accepted = channels.filter((channel) => !delivery.failures.has(channel) && !delivery.skipped.has(channel));
      if (accepted.length > 0) this.#keep(delivery, accepted);
    }
  }

  #keep(delivery: Delivery, channels: readonly string[]): void {
    const entry = this.#entries.get(delivery.planned);
    if (entry === undefined) return;
    const outcome = acceptedOutcome(channels, delivery, entry.facts);
    const written = this.#append({ id: entry.id, outcomes: [outcome] })
      .catch((error: unknown) => {
        entry.lost.push(outcome);
        this.#logger.warn({ err: error, id: entry.id }, 'what was accepted could not be written down at once');
      })
      .finally(() => this.#writing.delete(written));
    this.#writing.add(written);
  }

  /** Resolves when all is written. */
  async written(): Promise<void> {
    await Promise.all(this.#writing);
  }

  /** What became of what was accepted of a message. */
  of({ planned }: Remaining): JournalOf {
    const entry = this.#entries.get(planned);
    return { isKept: entry !== undefined, lost: entry?.lost ?? [] };
  }
}

/** Most channels of one outcome. Source: Pusher, 100 channels a request. */
const CHANNELS_IN_OUTCOME = 100;

/** Joins what is kept of one message at the same time into few outcomes. */
export function joined(appended: readonly Appended[]): readonly Appended[] {
  const byMessage = new Map<string, ChannelOutcome[]>();
  for (const { id, outcomes } of appended) {
    const list = byMessage.get(id) ?? [];
    byMessage.set(id, list);
    for (const each of outcomes) {
      const last = list.at(-1);
      if (last !== undefined && areOne(last, each)) list[list.length - 1] = both(last, each);
      else list.push(each);
    }
  }
  return Array.from(byMessage, ([id, outcomes]) => ({ id, outcomes }));
}

/** Whether two outcomes of a message can be one. Those of two backends are two. */
function areOne(one: ChannelOutcome, other: ChannelOutcome): boolean {
  if (one.state !== 'accepted' || other.state !== 'accepted' || one.backend !== other.backend) return false;
  return one.channels.length + other.channels.length <= CHANNELS_IN_OUTCOME;
}

function both(one: ChannelOutcome, other: ChannelOutcome): ChannelOutcome {
  return {
    ...one,
    channels: [...one.channels, ...other.channels],
    ...(one.users && { users: [...one.users, ...(other.users ?? [])] }),
    ...((one.info ?? other.info) && { info: { ...one.info, ...other.info } }),
  };
}
