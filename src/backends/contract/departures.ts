/** Requests that a signal ends, and how many of them have left this machine. */
interface Departures {
  made: number;
  left: number;
}

const departures = new WeakMap<AbortSignal, Departures>();

/**
 * Notes that a request is being made, where the backend can tell when it leaves.
 * @param signal of the attempt
 * @returns to be called when it leaves
 */
export function requestMade(signal: AbortSignal): () => void {
  const known = departures.get(signal) ?? { made: 0, left: 0 };
  departures.set(signal, known);
  known.made++;
  return () => {
    known.left++;
  };
}

/** Whether an attempt is known to have sent nothing: it still waited for a connection. */
export function nothingLeft(signal: AbortSignal | undefined): boolean {
  const known = signal === undefined ? undefined : departures.get(signal);
  return known !== undefined && known.made > 0 && known.left === 0;
}
