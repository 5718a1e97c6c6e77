import type { PushUser, SessionAdapter } from '../index.js';

/** A session adapter, made for one case. */
export interface SessionSubject {
  /** The adapter. It must hold no sessions yet. */
  readonly sessions: SessionAdapter;
  /**
   * Adds a session to a user, if the adapter has no `add`. Without both, the suite checks only what holds without
   * sessions.
   * @param ttl how long the session lives, in milliseconds
   */
  add?(user: PushUser, channelId: string, ttl: number): void | Promise<void>;
  /** Makes another adapter on the same sessions, as another process would. */
  another?(): SessionAdapter | Promise<SessionAdapter>;
  /** Lets time pass, in milliseconds. @default a real wait */
  pass?(ms: number): void | Promise<void>;
  /** The number of round trips so far. With it, the suite checks that a look-up of many users takes one. */
  roundTrips?(): number;
  /** Called at the end of the case. */
  close?(): void | Promise<void>;
}

/** Makes the session adapter for the suite. */
export interface SessionHarness {
  /** Makes an adapter. Called once for each case. */
  create(): SessionSubject | Promise<SessionSubject>;
  /** Longest wait until an expired session is gone, in milliseconds. @default 5 000 */
  readonly waitMs?: number | undefined;
}
