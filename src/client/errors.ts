import { record } from '../wire/is-record.js';

/**
 * Code of a {@link PushClientError}:
 * - `CONFIGURATION`: the client is set up wrongly
 * - `SUBSCRIPTION`: a channel was refused
 * - `SIGN_IN`: the user's sign-in was refused
 * - `CONNECTION`: the connection was lost or refused, or the server reported an error
 * - `UNSUPPORTED_OPERATION`: the backend does not support the operation
 * - `FALLBACK`: no WebSocket gets through, so messages come by server-sent events, which lack something
 */
export type PushClientErrorCode =
  | 'CONFIGURATION'
  | 'SUBSCRIPTION'
  | 'SIGN_IN'
  | 'CONNECTION'
  | 'UNSUPPORTED_OPERATION'
  | 'FALLBACK';

/** Details of a {@link PushClientError}. */
export interface PushClientErrorOptions {
  readonly channel?: string | undefined;
  readonly status?: number | undefined;
  readonly isTemporary?: boolean | undefined;
  /** The report of the transport. */
  readonly cause?: unknown;
}

/** An error of `PushClient`: thrown for wrong use, and passed to `onError` for everything that happens later. */
export class PushClientError extends Error {
  declare readonly code: PushClientErrorCode;
  /** The channel that the error is about, as when it was refused. */
  declare readonly channel: string | undefined;
  /** HTTP status of a refused authorisation, or the code with which the server closed the connection. */
  declare readonly status: number | undefined;
  /**
   * Whether the client tries again by itself: the application could not be asked about a channel or a sign-in, or the
   * connection was lost. It is false for a refusal.
   */
  declare readonly isTemporary: boolean;

  constructor(message: string, code: PushClientErrorCode, options: PushClientErrorOptions = {}) {
    super(message, options);
    this.name = 'PushClientError';
    this.code = code;
    this.channel = options.channel;
    this.status = options.status;
    this.isTemporary = options.isTemporary ?? false;
  }
}

/** The reason why the application gave no authorisation. It holds nothing of the request. */
export class AuthError extends Error {
  /** HTTP status of the application's answer; undefined without an answer. */
  declare readonly status: number | undefined;
  /** How long the application wants to be left alone, in milliseconds. */
  declare readonly retryAfterMs: number;

  constructor(
    message: string,
    options: { readonly status?: number; readonly retryAfterMs?: number; readonly cause?: unknown } = {},
  ) {
    super(message, options);
    this.name = 'AuthError';
    this.status = options.status;
    this.retryAfterMs = options.retryAfterMs ?? 0;
  }

  /** Whether the application refused: the same request would be refused again. */
  get isRefusal(): boolean {
    const { status = 0 } = this;
    return status >= 200 && status < 500 && status !== 408 && status !== 429;
  }
}

/** The parts of a refusal that are read; a server may send anything. */
interface RefusalLike {
  readonly error?: unknown;
  readonly status?: unknown;
}

/**
 * The error for a channel that was refused, or could not be asked about.
 * @param raw the report of the server or of the SDK, or an {@link AuthError}
 */
export function channelRefusal(channel: string, raw: unknown): PushClientError {
  return refusal(raw, `The subscription to "${channel}"`, 'SUBSCRIPTION', channel);
}

/** The error for a refused sign-in. @param raw as for {@link channelRefusal} */
export function signInRefusal(raw: unknown): PushClientError {
  return refusal(raw, "The user's sign-in", 'SIGN_IN');
}

function refusal(raw: unknown, subject: string, code: 'SUBSCRIPTION' | 'SIGN_IN', channel?: string): PushClientError {
  const { error, status } = reasonIn(raw);
  const reason = typeof error === 'string' && error !== '' ? error : 'no reason was given';
  const isTemporary = raw instanceof AuthError && !raw.isRefusal;
  const text = isTemporary ? `failed for now, and is tried again: ${reason}` : `was refused: ${reason}`;
  return new PushClientError(`${subject} ${text}`, code, {
    channel,
    isTemporary,
    status: typeof status === 'number' ? status : undefined,
    cause: raw,
  });
}

function reasonIn(raw: unknown): RefusalLike {
  if (!(raw instanceof Error)) return record(raw);
  return { error: raw.message, status: raw instanceof AuthError ? raw.status : undefined };
}
