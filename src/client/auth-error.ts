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
