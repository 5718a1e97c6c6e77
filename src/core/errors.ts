/** The kind of a {@link PushError}, for programs to tell errors apart by. It stays the same across releases. */
export type PushErrorCode =
  | 'CONFIGURATION'
  | 'VALIDATION'
  | 'AUTHENTICATION'
  | 'RATE_LIMIT'
  | 'DELIVERY'
  | 'TIMEOUT'
  | 'UNSUPPORTED_OPERATION'
  | 'ABORTED';

/** The details of an error beside its message. */
export interface PushErrorOptions {
  /** Name of the backend that failed. @default undefined: no backend was involved */
  backend?: string | undefined;
  /** Whether the same call may succeed when it is made again. @default false */
  retryable?: boolean | undefined;
  /** HTTP status of the provider's answer, or of the answer to its webhook. @default undefined: there was none */
  status?: number | undefined;
  /** The original error. */
  cause?: unknown;
}

/** A class of {@link PushError}. Each that this package exports has a code of its own. */
export type PushErrorClass<Failure extends PushError = PushError> = (abstract new (
  ...parameters: never[]
) => Failure) & {
  readonly code?: PushErrorCode | undefined;
};

const brand: symbol = Symbol.for('pushrail.PushError');

/**
 * Base of all errors that pushrail throws: catch this one to catch them all.
 *
 * @example
 * try {
 *   await push.send({ event: 'order.shipped', channels: 'orders', data });
 * } catch (error) {
 *   if (PushError.isPushError(error) && error.retryable) await later(data);
 *   else throw error;
 * }
 */
export class PushError extends Error {
  /** Written out in each class: a bundler that minifies renames the class itself. */
  static override readonly name: string = 'PushError';

  readonly code: PushErrorCode;
  /** Name of the backend that failed; undefined when none was involved. */
  readonly backend: string | undefined;
  /** Whether the same call may succeed when it is made again. */
  readonly retryable: boolean;
  /** HTTP status of the provider's answer; undefined when there was none. */
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
    Object.defineProperty(PushError.prototype, brand, { value: true });
  }

  /**
   * Whether a value is one of these errors. Errors of another copy of this package are, too, where `instanceof` says
   * no.
   */
  static isPushError(value: unknown): value is PushError {
    return isBranded(value, brand);
  }

  /**
   * Whether an error is of a class, or is a `DeliveryError` whose `reason` is. Errors of another copy of this package
   * are, too.
   * @example
   * try {
   *   await push.send({ event: 'order.shipped', channels: 'orders', data });
   * } catch (error) {
   *   if (PushError.is(error, AuthenticationError)) alarm('the keys of the push service are wrong');
   *   else throw error;
   * }
   */
  static is<Failure extends PushError>(
    error: unknown,
    type: PushErrorClass<Failure>,
  ): error is Failure | (PushError & { readonly reason: Failure }) {
    // Anybody may set a reason, also one that leads back.
    const seen = new Set<unknown>();
    for (let found = error; PushError.isPushError(found) && !seen.has(found); found = Reflect.get(found, 'reason')) {
      seen.add(found);
      if (found instanceof type || Object.hasOwn(type.prototype, brand)) return true;
      if (Object.hasOwn(type, 'code') && found.code === type.code) return true;
    }
    return false;
  }
}

/** The settings are wrong or incomplete, or a package that they need is not installed. */
export class ConfigurationError extends PushError {
  static override readonly name: string = 'ConfigurationError';
  static readonly code: PushErrorCode = 'CONFIGURATION';

  constructor(message: string, options?: PushErrorOptions) {
    super(message, 'CONFIGURATION', options);
  }
}

/** The arguments of a call are wrong. Nothing was sent. */
export class ValidationError extends PushError {
  static override readonly name: string = 'ValidationError';
  static readonly code: PushErrorCode = 'VALIDATION';

  constructor(message: string, options?: PushErrorOptions) {
    super(message, 'VALIDATION', options);
  }
}

/** Credentials or a signature were refused. */
export class AuthenticationError extends PushError {
  static override readonly name: string = 'AuthenticationError';
  static readonly code: PushErrorCode = 'AUTHENTICATION';

  constructor(message: string, options?: PushErrorOptions) {
    super(message, 'AUTHENTICATION', options);
  }
}

/** The provider asked to slow down. It is retryable unless `options.retryable` says otherwise. */
export class RateLimitError extends PushError {
  static override readonly name: string = 'RateLimitError';
  static readonly code: PushErrorCode = 'RATE_LIMIT';

  /** The time that the provider asked to wait, in milliseconds; undefined when it named none. */
  readonly retryAfter: number | undefined;

  constructor(message: string, options: PushErrorOptions & { retryAfter?: number | undefined } = {}) {
    super(message, 'RATE_LIMIT', { retryable: true, ...options });
    this.retryAfter = options.retryAfter;
  }
}

/**
 * The outcome of a message that failed: `'rejected'` when it is known that it was not delivered (it was refused, or the
 * provider was never reached), `'unknown'` when it may have been delivered (the answer got lost).
 */
export type DeliveryOutcome = 'rejected' | 'unknown';

/** An attempt took longer than its `timeout`. It is retryable unless `options.retryable` says otherwise. */
export class TimeoutError extends PushError {
  static override readonly name: string = 'TimeoutError';
  static readonly code: PushErrorCode = 'TIMEOUT';

  /**
   * `'unknown'`, because the message may have been delivered all the same; `'rejected'` when it is known that nothing
   * was sent.
   */
  readonly outcome: DeliveryOutcome;

  constructor(message: string, options: PushErrorOptions & { outcome?: DeliveryOutcome | undefined } = {}) {
    super(message, 'TIMEOUT', { retryable: true, ...options });
    this.outcome = options.outcome ?? 'unknown';
  }
}

/** The backend in use cannot do this; the message says what to do instead. */
export class UnsupportedOperationError extends PushError {
  static override readonly name: string = 'UnsupportedOperationError';
  static readonly code: PushErrorCode = 'UNSUPPORTED_OPERATION';

  constructor(message: string, options?: PushErrorOptions) {
    super(message, 'UNSUPPORTED_OPERATION', options);
  }
}

/** The caller's `AbortSignal` fired. `name` is `'AbortError'`, as with `fetch`; `cause` is the signal's reason. */
export class AbortError extends PushError {
  static override readonly name: string = 'AbortError';
  static readonly code: PushErrorCode = 'ABORTED';

  /** `'unknown'` when the signal fired in the middle of a request. */
  readonly outcome: DeliveryOutcome;

  constructor(message: string, options: PushErrorOptions & { outcome?: DeliveryOutcome | undefined } = {}) {
    super(message, 'ABORTED', options);
    this.outcome = options.outcome ?? 'rejected';
  }
}

/** The outcome of a message that failed with this error. An error that does not say counts as a refusal. */
export function outcomeOf(error: PushError): DeliveryOutcome {
  return 'outcome' in error && error.outcome === 'unknown' ? 'unknown' : 'rejected';
}

/** The time that the provider asked to wait, in milliseconds; 0 when it did not ask. */
export function retryAfterOf(error: unknown): number {
  return PushError.isPushError(error) && 'retryAfter' in error && typeof error.retryAfter === 'number'
    ? error.retryAfter
    : 0;
}

/**
 * Whether a value carries a brand of this package. An application may load two copies of the package, one from a bundle
 * and one from `node_modules`: `instanceof` does not recognise the other copy's objects, a brand does.
 * @param brand from `Symbol.for`, on the prototype of the class
 */
export function isBranded(value: unknown, brand: symbol): boolean {
  return typeof value === 'object' && value !== null && brand in value;
}
