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
