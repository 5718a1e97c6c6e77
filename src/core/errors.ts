/** Machine-readable kind of a {@link PushError}; stable across releases. */
export type PushErrorCode =
  | 'CONFIGURATION'
  | 'VALIDATION'
  | 'AUTHENTICATION'
  | 'RATE_LIMIT'
  | 'DELIVERY'
  | 'TIMEOUT'
  | 'UNSUPPORTED_OPERATION'
  | 'ABORTED';

/** What every pushrail error carries beside its message. */
export interface PushErrorOptions {
  /** Name of the backend that failed, when one was involved. */
  backend?: string | undefined;
  /** Whether the same call may succeed when tried again. @default false */
  retryable?: boolean | undefined;
  /** HTTP status of the provider's answer, when there was one. */
  status?: number | undefined;
  /** The original error. */
  cause?: unknown;
}

const mark: symbol = Symbol.for('pushrail.PushError');

/** Base of all errors that pushrail throws: catch this one to catch them all. */
export class PushError extends Error {
  readonly code: PushErrorCode;
  /** Name of the backend that failed, when one was involved. */
  readonly backend: string | undefined;
  /** Whether the same call may succeed when tried again. */
  readonly retryable: boolean;
  /** HTTP status of the provider's answer, when there was one. */
  readonly status: number | undefined;

  constructor(message: string, code: PushErrorCode, options: PushErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = new.target.name;
    this.code = code;
    this.backend = options.backend;
    this.retryable = options.retryable ?? false;
    this.status = options.status;
  }

  static {
    Object.defineProperty(PushError.prototype, mark, { value: true });
  }

  /** Whether a value is one of these errors, also one made by another copy of this package. */
  static isPushError(value: unknown): value is PushError {
    return isMarked(value, mark);
  }
}

/** The settings are wrong or incomplete, or a package that they need is not installed. */
export class ConfigurationError extends PushError {
  constructor(message: string, options?: PushErrorOptions) {
    super(message, 'CONFIGURATION', options);
  }
}

/** The arguments of a call are wrong. Nothing was sent. */
export class ValidationError extends PushError {
  constructor(message: string, options?: PushErrorOptions) {
    super(message, 'VALIDATION', options);
  }
}

/** Credentials or a signature were refused. */
export class AuthenticationError extends PushError {
  constructor(message: string, options?: PushErrorOptions) {
    super(message, 'AUTHENTICATION', options);
  }
}

/** The provider asked to slow down. */
export class RateLimitError extends PushError {
  /** How long the provider asked to wait, in milliseconds; undefined when it named no time. */
  readonly retryAfter: number | undefined;

  constructor(message: string, options: PushErrorOptions & { retryAfter?: number | undefined } = {}) {
    super(message, 'RATE_LIMIT', { retryable: true, ...options });
    this.retryAfter = options.retryAfter;
  }
}

/**
 * Whether a failed message is known not to have been delivered (`'rejected'`: refused, or the
 * provider was never reached) or may have been (`'unknown'`: the answer got lost).
 */
export type DeliveryOutcome = 'rejected' | 'unknown';

/** An attempt took longer than its `timeout`. */
export class TimeoutError extends PushError {
  /** `'unknown'`, as the message may have been delivered all the same, unless it is known that nothing was sent. */
  readonly outcome: DeliveryOutcome;

  constructor(message: string, options: PushErrorOptions & { outcome?: DeliveryOutcome | undefined } = {}) {
    super(message, 'TIMEOUT', { retryable: true, ...options });
    this.outcome = options.outcome ?? 'unknown';
  }
}

/** The backend in use cannot do this; the message says what to do instead. */
export class UnsupportedOperationError extends PushError {
  constructor(message: string, options?: PushErrorOptions) {
    super(message, 'UNSUPPORTED_OPERATION', options);
  }
}

/** The caller's `AbortSignal` fired. `name` is `'AbortError'`, as with `fetch`; `cause` is the signal's reason. */
export class AbortError extends PushError {
  /** `'unknown'` when the signal fired in the middle of a request. */
  readonly outcome: DeliveryOutcome;

  constructor(message: string, options: PushErrorOptions & { outcome?: DeliveryOutcome | undefined } = {}) {
    super(message, 'ABORTED', options);
    this.outcome = options.outcome ?? 'rejected';
  }
}

/** Whether a message that failed with this error is known not to have been delivered: an error that does not say was a refusal. */
export function outcomeOf(error: PushError): DeliveryOutcome {
  return 'outcome' in error && error.outcome === 'unknown' ? 'unknown' : 'rejected';
}

/** How long the provider asked to wait, in milliseconds; 0 when it did not. */
export function retryAfterOf(error: unknown): number {
  return PushError.isPushError(error) && 'retryAfter' in error && typeof error.retryAfter === 'number'
    ? error.retryAfter
    : 0;
}

/**
 * Whether a value carries a mark of this package. With it an object is recognised that another copy of the package made, where
 * `instanceof` cannot: an application may load two, one from a bundle and one from `node_modules`.
 * @param mark from `Symbol.for`, on the prototype of the class
 */
export function isMarked(value: unknown, mark: symbol): boolean {
  return typeof value === 'object' && value !== null && mark in value;
}
