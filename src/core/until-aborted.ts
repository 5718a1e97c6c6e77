/**
 * Waits for work, but no longer than until a signal fires. It does not need the work to know the signal, and fails at
 * once when the signal has fired already.
 * @param failure makes the error for a signal that fired
 */
export function untilAborted<Result>(
  work: Promise<Result>,
  signal: AbortSignal | undefined,
  failure: (signal: AbortSignal) => Error,
): Promise<Result> {
  return signal === undefined ? work : firstOf(work, signal, failure);
}

async function firstOf<Result>(
  work: Promise<Result>,
  signal: AbortSignal,
  failure: (signal: AbortSignal) => Error,
): Promise<Result> {
  const { promise, reject } = Promise.withResolvers<never>();
  const onAbort = (): void => reject(failure(signal));
  if (signal.aborted) onAbort();
  else signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([work, promise]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

/** A value, or a promise of it. */
export type Awaitable<Value> = Value | Promise<Value>;
