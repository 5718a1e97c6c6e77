import { record } from '../wire/is-record.js';

/**
 * What went wrong: the client is set up wrongly, a channel was refused, the user's sign-in was refused, the
 * connection was lost, refused or got an error from the server, or the backend cannot do what was asked for.
 */
export type PushClientErrorCode = 'CONFIGURATION' | 'SUBSCRIPTION' | 'SIGN_IN' | 'CONNECTION' | 'UNSUPPORTED_OPERATION';

/** What a {@link PushClientError} carries beside its message. */
export interface PushClientErrorOptions {
  readonly channel?: string | undefined;
  readonly status?: number | undefined;
  /** What the transport reported. */
  readonly cause?: unknown;
}

/** An error of the client. */
export class PushClientError extends Error {
  readonly code: PushClientErrorCode;
  /** The channel that was refused. */
  readonly channel: string | undefined;
  /** HTTP status of a refused authorisation, or the code that the server closed the connection with. */
  readonly status: number | undefined;

  constructor(message: string, code: PushClientErrorCode, options: PushClientErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'PushClientError';
    this.code = code;
    this.channel = options.channel;
    this.status = options.status;
  }
}

/** Why an authorisation was not given. Holds nothing of what was sent. */
export class AuthError extends Error {
  /** What the application answered with; undefined when it did not. */
  readonly status: number | undefined;

  constructor(message: string, options: { readonly status?: number; readonly cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'AuthError';
    this.status = options.status;
  }

  /** Whether the application said no: asking again gives the same. */
  get isRefusal(): boolean {
    const { status = 0 } = this;
    return status >= 200 && status < 500 && status !== 408 && status !== 429;
  }
}

/** What a server says of a refusal, as far as it can be relied on. */
interface RefusalLike {
  readonly error?: unknown;
  readonly status?: unknown;
}

/** A channel that was refused. @param raw what the server or the application said, or an {@link AuthError} */
export function channelRefusal(channel: string, raw: unknown): PushClientError {
  return refusal(raw, `The subscription to "${channel}"`, 'SUBSCRIPTION', channel);
}

/** A user's sign-in that was refused. @param raw as for {@link channelRefusal} */
export function signInRefusal(raw: unknown): PushClientError {
  return refusal(raw, "The user's sign-in", 'SIGN_IN');
}

function refusal(raw: unknown, subject: string, code: 'SUBSCRIPTION' | 'SIGN_IN', channel?: string): PushClientError {
  const { error, status } = reasonIn(raw);
  const reason = typeof error === 'string' && error !== '' ? error : 'no reason was given';
  const what = raw instanceof AuthError && !raw.isRefusal ? 'failed' : 'was refused';
  return new PushClientError(`${subject} ${what}: ${reason}`, code, {
    channel,
    status: typeof status === 'number' ? status : undefined,
    cause: raw,
  });
}

function reasonIn(raw: unknown): RefusalLike {
  if (raw instanceof AuthError) return { error: raw.message, status: raw.status };
  if (raw instanceof Error) return { error: raw.message };
  return record(raw);
}
