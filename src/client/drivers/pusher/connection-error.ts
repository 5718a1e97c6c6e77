import { record } from '../../../wire/is-record.js';
import { PushClientError } from '../../errors.js';

/**
 * Errors of the protocol from this code on leave the connection open, and each is one of its own. After 4100 to 4299
 * the client comes back by itself, and after 4000 to 4099 it does not. Source: "Error codes" in the Channels protocol.
 */
const FIRST_LASTING_CODE = 4300;

/**
 * Translates an error of the connection.
 * @param raw the argument of `pusher-js`: `{ data: { code, message } }`, or that as the key `error` of another object
 */
export function connectionError(raw: unknown): PushClientError {
  const { data, error } = record(raw);
  const { code, message } = record(data ?? record(error)['data']);
  const status = typeof code === 'number' ? code : undefined;
  const reason = typeof message === 'string' && message !== '' ? message : 'the connection failed or was lost';
  // A code below 4000 is the browser's own, for a connection that broke off.
  const isTemporary = !/^4[03-9]/.test(String(code));
  return new PushClientError(
    `Push connection: ${reason}${status === undefined ? '' : ` (code ${status})`}`,
    'CONNECTION',
    { status, isTemporary, cause: raw },
  );
}

/**
 * Whether an error repeats the one before: the reason of a close comes as a message, as the close code, and once more
 * wrapped.
 */
export function isRepetition(error: PushClientError, previous: PushClientError | undefined): boolean {
  return error.message === previous?.message && (error.status ?? 0) < FIRST_LASTING_CODE;
}
