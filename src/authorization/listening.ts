import type { AnyBackend } from '../backends/contract/wrapper.js';
import { AuthenticationError, ValidationError } from '../core/errors.js';
import { userIdOf } from '../sessions/user-id.js';
import { MAX_AUTH_CHANNELS } from '../wire/auth-request.js';
import { isEncrypted, SERVER_TO_USER_PREFIX } from '../wire/pusher-names.js';
import {
  type AuthorizationHost,
  checkChannel,
  decide,
  isSomeone,
  type Refusal,
  refusal,
  type Visitor,
} from './decision.js';

/** Refuses a listener, and tells which of the channels are to blame. */
export class ListeningRefusedError extends AuthenticationError {
  /** The channels that the listener may not hear. */
  readonly refused: readonly string[];

  constructor({ message, backend, status }: AuthenticationError, refused: readonly string[]) {
    super(message, { backend, status });
    this.name = 'AuthenticationError';
    this.refused = refused;
  }
}

const encrypted: Refusal = { status: 403, reason: 'its events are encrypted, and only pusher-js can read them' };

/**
 * Checks the names of channels that somebody asks to hear.
 * @returns each of them once
 * @throws ValidationError for no channel, for too many, and for a wrong name
 */
export function checkChannels(channels: readonly string[], backend: AnyBackend): readonly string[] {
  const names = [...new Set(channels)];
  if (names.length === 0) throw new ValidationError('Nobody can listen to no channel: name one or more.');
  if (names.length > MAX_AUTH_CHANNELS)
    throw new ValidationError(`One may listen to ${MAX_AUTH_CHANNELS} channels at once, not to ${names.length}.`);
  for (const name of names) checkChannel(name, backend);
  return names;
}

/**
 * Decides whether somebody may hear channels without a connection, by the rules for those who subscribe. Public
 * channels need no permission.
 * @param channels by {@link checkChannels}
 * @throws ListeningRefusedError with the status 401 when nobody is logged in, 403 when the user may not hear one of
 * them
 * @throws TimeoutError when a rule or the session adapter does not answer
 */
export async function checkListening(
  channels: readonly string[],
  visitor: Visitor,
  host: AuthorizationHost,
): Promise<void> {
  const refusals = await Promise.all(channels.map((channel) => refusalOf(channel, visitor, host)));
  const refused = channels.filter((_, index) => refusals[index] !== undefined);
  const reason = refusals.find((each) => each !== undefined);
  if (reason !== undefined) throw new ListeningRefusedError(refusal(reason, host.backend, refused), refused);
}

async function refusalOf(channel: string, visitor: Visitor, host: AuthorizationHost): Promise<Refusal | undefined> {
  const { isPublic } = host.backend.capabilities;
  const { user } = visitor;
  if (isPublic?.(channel) === true) return undefined;
  if (isEncrypted(channel)) return encrypted;
  if (isSomeone(user) && channel === SERVER_TO_USER_PREFIX + userIdOf(user, host.sessions)) return undefined;
  const verdict = await decide(channel, visitor, host);
  return 'status' in verdict ? verdict : undefined;
}
