const FIRST_MS = 500;
const MAX_MS = 30_000;

/**
 * How long to wait before connecting again, in milliseconds, or undefined when the server does not want it. Doubles with each
 * failure, with jitter from a half to one, so that clients that lost the same server do not come back all at once.
 * @param code the close code; 4000–4099 means not to come back, 4200–4299 at once
 * @param failures failed attempts in a row
 */
export function reconnectDelay(code: number, failures: number): number | undefined {
  if (code >= 4000 && code < 4100) return undefined;
  if (code >= 4200 && code < 4300 && failures === 0) return 0;
  return Math.min(MAX_MS, FIRST_MS * 2 ** Math.min(failures, 10)) * (0.5 + Math.random() / 2);
}
