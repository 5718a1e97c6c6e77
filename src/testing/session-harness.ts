import type { PushUser, SessionAdapter } from '../index.js';

/** A session adapter, made for one case. */
export interface SessionSubject {
  /** The adapter, which holds no sessions yet. */
  readonly sessions: SessionAdapter;
  /**
   * Gives a user a session, where the adapter has no `add`: without either, the suite checks what holds without sessions.
   * @param ttl how long it lives, in milliseconds
   */
  add?(user: PushUser, channelId: string, ttl: number): void | Promise<void>;
  /** A further adapter for the same sessions, as another process has one. */
  another?(): SessionAdapter | Promise<SessionAdapter>;
  /** Lets time pass, in milliseconds. @default waits for it */
  pass?(ms: number): void | Promise<void>;
  /** How many round trips the adapter has made so far. Where it is told, the suite checks that many users are one. */
  roundTrips?(): number;
  /** Called at the end of the case. */
  close?(): void | Promise<void>;
}

/** What the suite needs to know of a session adapter. */
export interface SessionHarness {
  /** Makes an adapter. Called once for each case. */
  create(): SessionSubject | Promise<SessionSubject>;
  /** How long to wait until a session whose time is over is gone, in milliseconds. @default 5 000 */
  readonly waitMs?: number | undefined;
}
