import { PushClientError } from '../push-client-error.js';
import { record } from '../record.js';

/** Translates an error of the connection. @param raw what `pusher-js` hands over: `{ data: { code, message } }`, or that as `error` in another */
export function connectionError(raw: unknown): PushClientError {
  const { data, error } = record(raw);
  const { code, message } = record(data ?? record(error)['data']);
  const status = typeof code === 'number' ? code : undefined;
  const reason = typeof message === 'string' && message !== '' ? message : 'the connection failed or was lost';
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
