import type { BodyRules } from '../collected-body.js';
import { TimeoutError, ValidationError } from '../errors.js';

/** What is taken of a webhook that is read from a stream. */
export const bodyRules: BodyRules = {
  // Pusher's largest have 20 events of up to 10 KiB of data each, whose quotes take two characters in JSON; one of PubNub's is this large
  // only where batching is set to many large messages.
  maxBytes: 1_048_576,
  // It comes from a server, in one piece.
  timeoutMs: 10_000,
  tooLarge: (maxBytes) =>
    new ValidationError(
      `The webhook's body is over ${maxBytes} bytes. Have the provider send fewer events at once, or read it yourself and pass { headers, rawBody }.`,
    ),
  tooLate: (timeoutMs) =>
    new TimeoutError(`The webhook's body did not arrive within ${timeoutMs} ms.`, { outcome: 'rejected' }),
  broken: (cause) => new ValidationError("The webhook's body ended too early: the connection was lost.", { cause }),
};
