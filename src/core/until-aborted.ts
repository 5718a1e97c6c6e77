/**
 * Ends with the work, or as soon as the signal fires, also where the work pays it no heed, or where it has fired before.
 * @param failure makes the error that it then throws
 */
export async function untilAborted<Result>(
  work: Promise<Result>,
  signal: AbortSignal | undefined,
  failure: (signal: AbortSignal) => Error,
): Promise<Result> {
  if (signal === undefined) return work;
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

/** What is there at once, or comes later. */
export type Awaitable<Value> = Value | Promise<Value>;
