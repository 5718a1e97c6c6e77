import { AuthenticationError } from '../errors.js';

/**
 * How old a webhook of Pusher's kind may be, in milliseconds: the provider sends the same body, with the same time, for 5 minutes until it
 * is taken, and two clocks may differ by some more. Source: https://pusher.com/docs/channels/server_api/webhooks
 */
export const DEFAULT_MAX_AGE_MS = 600_000;
/** The largest age limit that can be set, in milliseconds. */
export const LARGEST_MAX_AGE_MS = 3_600_000;
/**
 * How long events are known by their ids, in milliseconds. A webhook is valid for its age limit before and after its time: for all of that
 * a second one is known to be a duplicate.
 */
export const KNOWN_FOR_MS: number = 2 * LARGEST_MAX_AGE_MS;

/** @throws AuthenticationError for a webhook that was sent too long ago, or is yet to be sent */
export function checkAge(time: number, maxAgeMs: number, backend: string): void {
  const age = Date.now() - time;
  if (Math.abs(age) <= maxAgeMs) return;
  const what = age > 0 ? `was sent ${Math.round(age / 1000)} s ago` : 'comes from the future';
  throw new AuthenticationError(
    `The webhook ${what}, and may be ${maxAgeMs / 1000} s off (option "webhookMaxAgeMs"): is this machine's clock right?`,
    { backend },
  );
}
