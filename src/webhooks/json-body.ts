import { ValidationError } from '../errors.js';
import type { JsonValue } from '../message.js';
import type { WebhookRequest } from './webhook-request.js';

/** The JSON in a webhook that has been verified. @throws ValidationError when it is none */
export function jsonBody({ rawBody }: WebhookRequest, backend: string): JsonValue {
  try {
    return JSON.parse(Buffer.from(rawBody).toString()) as JsonValue;
  } catch (cause) {
    throw new ValidationError("The webhook's body is not JSON.", { backend, cause });
  }
}
