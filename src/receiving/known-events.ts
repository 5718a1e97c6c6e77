import { KNOWN_FOR_MS } from '../webhooks/age-limit.js';

/** Ids kept in mind: some 30 MB at most. */
const MAX_KNOWN = 100_000;

/** What is known of an event that came in. */
export interface KnownEvent {
  /** Whether `messageReceived` has had it. */
  isAnnounced: boolean;
  /** Settled when it has been handled, and gone when that failed. */
  handling: Promise<void> | undefined;
  expiresAt: number;
}

const handled = Promise.resolve();

/** The events of webhooks by their ids, for a while and up to a number: those that came in longest ago are forgotten first. */
export class KnownEvents {
  readonly #events = new Map<string, KnownEvent>();

  get size(): number {
    return this.#events.size;
  }

  /** What is known of an event; of a new one, nothing. */
  of(id: string): KnownEvent {
    const known = this.#events.get(id);
    if (known !== undefined && (known.expiresAt > performance.now() || isUnderWay(known))) return known;
    const event = { isAnnounced: false, handling: undefined, expiresAt: 0 };
    this.#keep(id, event);
    return event;
  }

  /** Keeps in mind, from now on, that an event has been handled. */
  handled(id: string, event: KnownEvent): void {
    event.handling = handled;
    this.#keep(id, event);
  }

  #keep(id: string, event: KnownEvent): void {
    event.expiresAt = performance.now() + KNOWN_FOR_MS;
    // Writing a key anew moves it to the end, so that the first one is the next to expire.
    this.#events.delete(id);
    this.#events.set(id, event);
    for (const [oldest, known] of this.#events) {
      if (this.#events.size <= MAX_KNOWN && known.expiresAt > performance.now()) break;
      if (!isUnderWay(known)) this.#events.delete(oldest);
    }
  }
}

function isUnderWay({ handling }: KnownEvent): boolean {
  return handling !== undefined && handling !== handled;
}
