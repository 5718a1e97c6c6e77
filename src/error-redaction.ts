import type { PushError } from './errors.js';
import { REDACTED, showsSecret } from './redaction.js';

/** Whatever knows the secrets that must not show, such as a backend. */
export interface Redactor {
  redact(text: string): string;
}

/** What a thrown value says, without secrets. */
export function textOf(error: unknown, redactor: Redactor): string {
  if (typeof error === 'string') return redactor.redact(error);
  if (typeof error !== 'object' || error === null) return `it threw ${String(error)}`;
  return 'message' in error && typeof error.message === 'string'
    ? redactor.redact(error.message)
    : 'it threw an object without a message';
}

/**
 * The original error, or, when a secret shows anywhere in it, an error that has its name and its cleaned message
 * and nothing else.
 */
export function causeOf(error: unknown, redactor: Redactor): unknown {
  if (!showsSecret(error, redactor)) return error;
  const original = error instanceof Error ? error : undefined;
  const copy = new Error(textOf(error, redactor));
  copy.name = redactor.redact(original?.name ?? 'Error');
  copy.stack = redactor.redact(original?.stack ?? '');
  return copy;
}

/** An error of ours keeps its class and its fields; secrets in them are replaced. */
export function cleaned<Failure extends PushError>(error: Failure, redactor: Redactor): Failure {
  if (!showsSecret(error, redactor)) return error;
  const stack = redactor.redact(error.stack ?? '');
  for (const key of Reflect.ownKeys(error)) {
    const value: unknown = Reflect.get(error, key);
    if (key === 'cause') error.cause = causeOf(value, redactor);
    else if (showsSecret(value, redactor))
      Reflect.set(error, key, typeof value === 'string' ? redactor.redact(value) : REDACTED);
  }
  error.stack = stack;
  return error;
}
