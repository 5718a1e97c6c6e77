import { AuthError } from './auth-error.js';
import { PushClientError } from './push-client-error.js';
import { record } from './record.js';

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
