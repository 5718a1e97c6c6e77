import { backoffDelay } from '../../../backoff.js';

const FIRST_MS = 500;
const MAX_MS = 30_000;

/**
 * How long to wait before connecting again, in milliseconds, or undefined when the server does not want it. Doubles with each
 * failure.
 * @param code the close code; 4000–4099 means not to come back, 4200–4299 at once
 * @param failures failed attempts in a row
 */
export function reconnectDelay(code: number, failures: number): number | undefined {
  if (code >= 4000 && code < 4100) return undefined;
  if (code >= 4200 && code < 4300 && failures === 0) return 0;
  return backoffDelay(failures, FIRST_MS, MAX_MS);
}
