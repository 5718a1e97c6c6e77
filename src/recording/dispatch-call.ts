import type { Conclusion } from './conclusion.js';

/** What a batch allows beside what a message says of itself. */
interface SendingLimits {
  /** A message that fails and was tried so many times is not tried again. */
  readonly maxAttempts?: number | undefined;
  /** A message that was recorded longer ago is not sent, in milliseconds. */
  readonly maxAgeMs?: number | undefined;
}

/** What holds for one dispatch. */
export interface DispatchCall {
  /** Ends it: what was not sent by then is not sent. */
  readonly signal?: AbortSignal | undefined;
  /** Whether the signal means that this process ends, so that what was not sent goes back to the store. */
  readonly handsBack?: boolean | undefined;
  /** Waits for the turn of `ordered` messages. */
  readonly comes?: ((channels: ReadonlySet<string>) => Promise<void>) | undefined;
  /** Called when a message has ended and is settled, with its id. */
  readonly ended?: ((id: string, settlement: Conclusion['settlement']) => void) | undefined;
  readonly limits?: SendingLimits | undefined;
  /** `performance.now()` at the beginning. */
  readonly startedAt: number;
}
