import { setTimeout as wait } from 'node:timers/promises';
import { backoffDelay } from '../../../wire/backoff.js';
import type { Link } from './link.js';
import { Pulse } from './pulse.js';

/** Upper bounds of the waits between attempts to connect, in milliseconds. */
const FIRST_WAIT_MS = 50;
const LONGEST_WAIT_MS = 2000;

export interface StandingLinkUser {
  /** Makes a link. */
  dial(): Promise<Link>;
  /** Whether an answered PING proves that all is heard that can be. @default it does */
  proves?(): Promise<boolean>;
  /** A link is there. When it rejects, the link is ended, and another one is made. */
  opened(link: Link, pulse: Pulse): Promise<void> | void;
  /** It is there no longer. @param provenAt when the last proof began that it is alive, by `Date.now()` */
  lost(reason: Error, provenAt: number): void;
  /** An attempt to connect has failed. */
  failed(reason: Error): void;
}

/** A connection that is made anew for as long as it takes. */
export class StandingLink {
  readonly #user: StandingLinkUser;
  readonly #ended = new AbortController();
  readonly #done: Promise<void>;
  #link: Link | undefined;
  #pulse: Pulse | undefined;

  constructor(user: StandingLinkUser) {
    this.#user = user;
    this.#done = this.#keepUp();
  }

  /** The connection, while there is one. */
  get link(): Link | undefined {
    return this.#link?.isOpen === true ? this.#link : undefined;
  }

  get pulse(): Pulse | undefined {
    return this.#pulse;
  }

  /** Tells it that time has passed. @param ms by the clock of {@link Pulse.tick} */
  tick(ms: number): void {
    this.#pulse?.tick(ms);
  }

  /** Ends the connection, and makes another one. */
  renew(reason: Error): void {
    this.#link?.destroy(reason);
  }

  async close(): Promise<void> {
    this.#ended.abort();
    this.#link?.destroy(new Error('it was closed'));
    await this.#done;
  }

  async #keepUp(): Promise<void> {
    const { signal } = this.#ended;
    for (let failures = 0; !signal.aborted; failures++) {
      if (await this.#liveOnce()) failures = 0;
      if (!signal.aborted)
        await wait(backoffDelay(failures, FIRST_WAIT_MS, LONGEST_WAIT_MS), undefined, { signal }).catch(() => {});
    }
  }

  /** @returns whether a connection was there and could be used */
  async #liveOnce(): Promise<boolean> {
    let link: Link;
    try {
      link = await this.#user.dial();
    } catch (error) {
      if (!this.#ended.signal.aborted) this.#user.failed(error as Error);
      return false;
    }
    const pulse = new Pulse(link, this.#user.proves);
    this.#link = link;
    this.#pulse = pulse;
    let isUsed = false;
    let reason: Error;
    if (this.#ended.signal.aborted) link.destroy();
    try {
      const lost = link.closed.then((why) => {
        throw why;
      });
      lost.catch(() => {});
      await Promise.race([this.#user.opened(link, pulse), lost]);
      isUsed = true;
      reason = await link.closed;
    } catch (error) {
      reason = error as Error;
      link.destroy(reason);
    }
    this.#link = undefined;
    this.#pulse = undefined;
    if (!this.#ended.signal.aborted) this.#user.lost(reason, pulse.provenAt);
    return isUsed;
  }
}
