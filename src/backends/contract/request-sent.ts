/** The requests of one attempt: how many were made, and how many of them were sent. */
interface RequestCount {
  made: number;
  sent: number;
}

const counts = new WeakMap<AbortSignal, RequestCount>();

/**
 * Notes that a request is made. A backend calls it where it can tell when its request is sent, so that a deadline that
 * passes before counts as a refusal.
 * @param signal the attempt's
 * @returns a function to call when the request is sent: when its connection is there
 */
export function trackRequest(signal: AbortSignal): () => void {
  const count = counts.get(signal) ?? { made: 0, sent: 0 };
  counts.set(signal, count);
  count.made++;
  return () => {
    count.sent++;
  };
}

/**
 * Whether it is known that an attempt sent nothing: its backend tracks requests, and each still waited for a
 * connection.
 */
export function nothingSent(signal: AbortSignal | undefined): boolean {
  const count = signal === undefined ? undefined : counts.get(signal);
  return count !== undefined && count.made > 0 && count.sent === 0;
}
