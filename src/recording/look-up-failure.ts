import { PushError } from '../core/errors.js';
import { DeliveryError } from '../core/report.js';

/** Why it is not known whom a message goes to, as an error that says that nothing was sent. */
export function lookUpFailure(error: unknown): PushError {
  if (PushError.isPushError(error)) return error;
  const text = error instanceof Error ? error.message : String(error);
  return new DeliveryError(`Nothing was sent: ${text}`, { outcome: 'rejected', cause: error });
}
