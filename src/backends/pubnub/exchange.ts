/** One request that the SDK makes for us: what we ask of it, and what is learnt of it underway. */
export interface Exchange {
  /** Ends the request, also in the middle of an answer's body. */
  readonly signal: AbortSignal;
  /** Where it may go, as in `https://ps.pndsn.com`. */
  readonly origin: string;
  /** Ends the request in both versions of the SDK; there as soon as it is under way. */
  end?: () => void;
  /** Status of the answer; 0 while there is none. */
  status: number;
  /** The header `Retry-After`. */
  retryAfter?: string | undefined;
  /** Where the service redirected it to, which was not followed. */
  redirected?: string;
  /** Whether the answer came with its whole body. */
  isComplete?: boolean;
  /** The answer's body, where it is JSON. */
  answer?: unknown;
}

export function newExchange(signal: AbortSignal, origin: string): Exchange {
  return { signal, origin, status: 0 };
}
