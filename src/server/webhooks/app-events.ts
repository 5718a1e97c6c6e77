import type { WireEvent } from '../../pusher-protocol/webhooks.js';

/** What becomes of an application's events. */
export interface AppEvents {
  /** Number of events that no receiver has taken yet, counted once for each webhook. */
  readonly waiting: number;
  /** Begins, when the server serves. Events may come before. */
  open(): void;
  /** Takes an event. Does not throw. */
  take(event: WireEvent): void;
  /**
   * Whether who is lost is still waited for when this process closes: somebody else serves those who come back.
   */
  readonly goesOn: boolean;
  /**
   * Sends the events that wait, and then ends.
   * @param timeoutMs how long it may take
   */
  close(timeoutMs: number): Promise<void>;
}
