import type { LocalChannel } from './local-channel.js';
import type { HeldPlace } from './presence.js';
import { WaitingLine } from './waiting-line.js';

/** Places that are kept at most, so that who comes and goes cannot fill the memory. Then the oldest is given up. */
const MAX_PLACES = 100_000;

/** Ends a place of a channel. @param mayReturn whether its user may come back soon, as far as webhooks tell */
type End = (place: HeldPlace, channel: LocalChannel, mayReturn: boolean) => void;

/**
 * The places of an application's members whose connections were lost. A user who is back in time never left. The place
 * is given up when its time has come.
 */
export class PresenceLeaves {
  /** Whether places are kept at all. */
  readonly wait: boolean;
  readonly #end: End;
  readonly #line: WaitingLine<HeldPlace>;
  readonly #channelOf = new Map<HeldPlace, LocalChannel>();

  /** @param end gives a place up; must not throw */
  constructor(delayMs: number, end: End) {
    this.wait = delayMs > 0;
    this.#end = end;
    this.#line = new WaitingLine(delayMs, (place) => this.#giveUp(place, true));
  }

  /** Keeps a place. */
  add(place: HeldPlace, channel: LocalChannel): void {
    if (this.#line.size >= MAX_PLACES) {
      const [oldest] = this.#channelOf.keys();
      if (oldest !== undefined) this.#giveUp(oldest, true);
    }
    this.#line.add(place);
    this.#channelOf.set(place, channel);
  }

  /** Forgets a place, whose user is back. */
  cancel(place: HeldPlace): void {
    this.#line.delete(place);
    this.#channelOf.delete(place);
  }

  /** Gives up a place. */
  giveUp(place: HeldPlace): void {
    this.#giveUp(place, true);
  }

  /** Gives up a user's places, because the user has been sent away. */
  endOf(userId: string): void {
    for (const place of [...this.#channelOf.keys()]) if (place.userId === userId) this.#giveUp(place, false);
  }

  /** Gives up all places. */
  endAll(): void {
    for (const place of [...this.#channelOf.keys()]) this.#giveUp(place, true);
  }

  #giveUp(place: HeldPlace, mayReturn: boolean): void {
    const channel = this.#channelOf.get(place);
    this.cancel(place);
    if (channel !== undefined) this.#end(place, channel, mayReturn);
  }
}
