import { PushClientError } from './push-client-error.js';

/** What `pusher-js` hands to error listeners, as far as it can be relied on. */
interface PusherErrorLike {
  readonly type?: unknown;
  readonly error?: unknown;
  readonly data?: { readonly code?: unknown; readonly message?: unknown } | null;
}

/** Translates an error of the connection. */
export function connectionError(raw: unknown): PushClientError {
  const outer = asObject(raw);
  const { data } = outer.data ? outer : asObject(outer.error);
  const status = typeof data?.code === 'number' ? data.code : undefined;
  const reason =
    typeof data?.message === 'string' && data.message !== '' ? data.message : 'the connection failed or was lost';
  return new PushClientError(
    `Push connection: ${reason}${status === undefined ? '' : ` (code ${status})`}`,
    'CONNECTION',
    {
      status,
      cause: raw,
    },
  );
}

/** Protocol errors from here on leave the connection open, and each stands for itself. */
const FIRST_LASTING_CODE = 4300;

/** The reason for a close comes up to three times: as the server's message, as the close code, and wrapped. */
export function isRepetition(error: PushClientError, previous: PushClientError | undefined): boolean {
  return error.message === previous?.message && (error.status ?? 0) < FIRST_LASTING_CODE;
}

function asObject(value: unknown): PusherErrorLike {
  return typeof value === 'object' && value !== null ? value : {};
}
