import { PushError } from '../core/errors.js';
import { causeOf, cleaned, type Redactor, textOf } from '../core/redaction.js';
import { DeliveryError } from '../core/report.js';

/** Why it is not known whom a message goes to, as an error that says that nothing was sent, without secrets. */
export function lookUpFailure(error: unknown, redactor: Redactor): PushError {
  if (PushError.isPushError(error)) return cleaned(error, redactor);
  return new DeliveryError(`Nothing was sent: ${textOf(error, redactor)}`, {
    outcome: 'rejected',
    cause: causeOf(error, redactor),
  });
}
