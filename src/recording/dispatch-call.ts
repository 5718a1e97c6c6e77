/** What holds for one dispatch. */
export interface DispatchCall {
  /** Ends it: what was not sent by then is not sent. */
  readonly signal?: AbortSignal | undefined;
  /** Whether the signal means that this process ends, so that what was not sent goes back to the store. */
  readonly handsBack?: boolean | undefined;
  /** Waits for the turn of `ordered` messages. */
  readonly comes?: ((channels: ReadonlySet<string>) => Promise<void>) | undefined;
  /** Called when a message has ended and is settled. */
  readonly ended?: (() => void) | undefined;
  /** `performance.now()` at the beginning. */
  readonly startedAt: number;
}
