import { askBackend, NOT_AUTHORISED } from '../backends/contract/ask.js';
import type { AuthenticatedUser, UserAuthentication } from '../backends/contract/authorization.js';
import { asPushError } from '../backends/contract/failure.js';
import type { AnyBackend } from '../backends/contract/wrapper.js';
import { AuthenticationError, ConfigurationError, ValidationError } from '../core/errors.js';
import { userIdText } from '../core/names.js';
import type { Awaitable } from '../core/until-aborted.js';
import { sessionUserId, userIdOf } from '../sessions/user-id.js';
import { MAX_AUTH_CHANNELS } from '../wire/auth-request.js';
import {
  type AuthorizationHost,
  checkChannel,
  decide,
  isSomeone,
  listenerOf,
  type Refusal,
  refusal,
} from './decision.js';
import type { AskingClient, SignInRequest, SubscriptionGrant, SubscriptionRequest, UserDetails } from './requests.js';

/**
 * Decides whether a client may subscribe, and signs the permission.
 * @throws AuthenticationError with the status 401 when nobody is logged in, 403 when the user may not subscribe
 * @throws ValidationError for a wrong channel name or socket id
 * @throws TimeoutError when a rule or the session adapter does not answer
 */
export async function authorizeSubscription(
  request: SubscriptionRequest,
  host: AuthorizationHost,
): Promise<SubscriptionGrant> {
  const { backend } = host;
  const client = clientOf(request, host);
  // Before the rules answer, so that a `disconnect` meanwhile ends the connection that gets the permission.
  noteClient(client, request, host);
  if (typeof request.channel === 'string') {
    const { channel } = request;
    checkChannel(channel, backend);
    const verdict = await decide(channel, request, host);
    if ('status' in verdict) throw refusal(verdict, backend, [channel]);
    return signed(host, () => backend.authorizeChannel(client, channel, verdict.member), `authorise "${channel}"`);
  }
  return authorizeSeveral(client, request.channel, request, host);
}

async function authorizeSeveral(
  client: string,
  names: readonly string[],
  request: SubscriptionRequest,
  host: AuthorizationHost,
): Promise<SubscriptionGrant> {
  const { backend } = host;
  const { authorizeChannels } = backend;
  if (names.length === 0) throw new ValidationError('Nothing was authorised: the list of channels is empty.');
  if (authorizeChannels === undefined)
    throw new ValidationError(`Nothing was authorised: the ${backend.name} backend authorises one channel at a time.`);
  if (names.length > MAX_AUTH_CHANNELS)
    throw new ValidationError(
      `Nothing was authorised: a request may name ${MAX_AUTH_CHANNELS} channels, not ${names.length}.`,
    );
  const channels = [...new Set(names)];
  for (const channel of channels) checkChannel(channel, backend);
  const verdicts = await Promise.all(channels.map((channel) => decide(channel, request, host)));
  const allowed = channels.filter((_, index) => !('status' in (verdicts[index] ?? {})));
  const refused = channels.filter((channel) => !allowed.includes(channel));
  if (allowed.length === 0) throw refusal(verdicts[0] as Refusal, backend, refused);
  const { auth } = await signed(
    host,
    () => authorizeChannels.call(backend, client, allowed),
    `authorise "${allowed.join('", "')}"`,
  );
  return { auth, channels: allowed, refused };
}

/**
 * Signs a client in as its user.
 * @throws AuthenticationError with the status 401 when nobody is logged in
 * @throws ValidationError for a wrong socket id or wrong details
 */
export async function signIn(request: SignInRequest, host: AuthorizationHost): Promise<UserAuthentication> {
  const { backend, sessions } = host;
  const { user } = request;
  if (!isSomeone(user)) throw nobodyError(backend);
  const client = clientOf(request, host);
  const details = detailsOf(request);
  const member = { id: userIdOf(user, sessions), ...details };
  noteClient(client, request, host);
  return signed(host, () => backend.authenticateUser(client, member), 'sign a user in');
}

/** The details of a user as backends take them. */
function detailsOf({ info, watchlist }: UserDetails): Omit<AuthenticatedUser, 'id'> {
  if (watchlist !== undefined && !Array.isArray(watchlist))
    throw new ValidationError('Nothing was authorised: the "watchlist" must be a list of user ids.');
  const watched = watchlist?.map((given: unknown, index) => {
    const id = userIdText(given);
    if (id !== undefined) return id;
    throw new ValidationError(`Nothing was authorised: "watchlist.${index}" is no user id.`);
  });
  return { ...(info !== undefined && { user_info: info }), ...(watched && { watchlist: watched }) };
}

/** The name by which the backend knows the client: its user's id, or its socket id. */
function clientOf({ socketId, user, session }: AskingClient, { backend, sessions }: AuthorizationHost): string {
  if (backend.capabilities.clientIs === 'user') {
    if (isSomeone(user)) return userIdOf(user, sessions);
    if (session !== undefined) return sessionUserId(session);
    throw nobodyError(backend);
  }
  if (socketId === undefined) throw new ValidationError('Nothing was authorised: the "socket_id" is missing.');
  return socketId;
}

/**
 * Notes the user and the session of a connection, so that a log-out ends it.
 * @throws AuthenticationError when the user was logged out after the request had come
 */
function noteClient(client: string, request: AskingClient, host: AuthorizationHost): void {
  const { backend, streams } = host;
  const { askedAt } = request;
  const who = listenerOf(request, host);
  if (askedAt !== undefined && streams.isLoggedOutSince(who, askedAt))
    throw new AuthenticationError('Nobody is logged in any more.', { backend: backend.name, status: 401 });
  backend.clientAsked?.(client, who);
}

function nobodyError(backend: AnyBackend): AuthenticationError {
  return new AuthenticationError('Nobody is logged in.', { backend: backend.name, status: 401 });
}

/** @param failure what the backend did not do when it does not answer, in words */
async function signed<Grant>(
  { backend, timeout }: AuthorizationHost,
  work: () => Awaitable<Grant>,
  failure: string,
): Promise<Grant> {
  try {
    return await askBackend(backend, timeout, work, failure, NOT_AUTHORISED);
  } catch (error) {
    const failure = asPushError(error, backend);
    if (failure.code !== 'AUTHENTICATION') throw failure;
    // The provider refused our credentials, not the client.
    const { message, status } = failure;
    throw new ConfigurationError(message, { backend: backend.name, status, cause: failure });
  }
}
