import { asPushError, lookUpError } from '../backends/contract/failure.js';
import type { AnyBackend, PresenceMember, UserAuthentication } from '../backends/contract/wrapper.js';
import { AuthenticationError, ConfigurationError, ValidationError } from '../core/errors.js';
import type { Logger } from '../core/logger.js';
import { checkName } from '../core/names.js';
import type { Awaitable } from '../core/until-aborted.js';
import type { SessionAdapter } from '../sessions/adapter.js';
import { sessionUserId, userIdOf } from '../sessions/user-id.js';
import { isWildcard } from './pattern.js';
import type { AppUser, SignInRequest, SubscriptionGrant, SubscriptionRequest } from './requests.js';
import type { ChannelRules, FoundRule } from './rules.js';

/** A service as far as it decides who may subscribe. */
export interface AuthorizerHost {
  readonly backend: AnyBackend;
  readonly sessions: SessionAdapter<never>;
  readonly logger: Logger;
  readonly rules: ChannelRules;
}

/** Channels that a client can ask for at once: for each of them a rule is asked, which may look something up. */
const MAX_CHANNELS = 100;

/** Why a client may not subscribe. */
interface Refusal {
  readonly status: 401 | 403;
  readonly reason: string;
}

const nobodyThere: Refusal = { status: 401, reason: 'nobody is logged in' };
const notAllowed: Refusal = { status: 403, reason: 'this user may not' };
const noRule: Refusal = { status: 403, reason: 'no rule of authorize() fits it' };

type Verdict = { readonly member?: PresenceMember } | Refusal;

/**
 * Decides whether a client may subscribe, and signs that it may.
 * @throws AuthenticationError with the status 401 or 403 when it may not; ValidationError for what is no channel or socket id
 */
export async function authorizeSubscription(
  request: SubscriptionRequest,
  host: AuthorizerHost,
): Promise<SubscriptionGrant> {
  const { backend } = host;
  const client = clientOf(request, host);
  if (typeof request.channel === 'string') {
    const { channel } = request;
    checkChannel(channel, backend);
    const verdict = await decide(channel, request, host);
    if ('status' in verdict) throw refusal(verdict, backend, [channel]);
    return signed(backend, () => backend.authorizeChannel(client, channel, verdict.member));
  }
  return authorizeSeveral(client, request.channel, request, host);
}

async function authorizeSeveral(
  client: string,
  names: readonly string[],
  request: SubscriptionRequest,
  host: AuthorizerHost,
): Promise<SubscriptionGrant> {
  const { backend } = host;
  const { authorizeChannels } = backend;
  if (names.length === 0) throw new ValidationError('Nothing was authorised: no channel is named.');
  if (authorizeChannels === undefined)
    throw new ValidationError(`With the ${backend.name} backend, one channel is authorised at a time.`);
  if (names.length > MAX_CHANNELS)
    throw new ValidationError(`Nothing was authorised: ${MAX_CHANNELS} channels at most can be asked for at once.`);
  const channels = [...new Set(names)];
  for (const channel of channels) checkChannel(channel, backend);
  const verdicts = await Promise.all(channels.map((channel) => decide(channel, request, host)));
  const allowed = channels.filter((_, index) => !('status' in (verdicts[index] ?? {})));
  const refused = channels.filter((channel) => !allowed.includes(channel));
  if (allowed.length === 0) throw refusal(verdicts[0] as Refusal, backend, refused);
  const { auth } = await signed(backend, () => authorizeChannels.call(backend, client, allowed));
  return { auth, channels: allowed, refused };
}

/**
 * Signs a client in as its user.
 * @throws AuthenticationError with the status 401 when nobody is logged in; ValidationError for what is no socket id
 */
export async function signIn(request: SignInRequest, host: AuthorizerHost): Promise<UserAuthentication> {
  const { backend, sessions } = host;
  const { user } = request;
  if (!isSomeone(user)) throw nobody(backend);
  const client = clientOf(request, host);
  return signed(backend, () => backend.authenticateUser(client, { id: userIdOf(user, sessions) }));
}

/** By what the backend knows the client. */
function clientOf({ socketId, user, session }: SignInRequest, { backend, sessions }: AuthorizerHost): string {
  if (backend.capabilities.clientIs === 'user') {
    if (isSomeone(user)) return userIdOf(user, sessions);
    if (session !== undefined) return sessionUserId(session);
    throw nobody(backend);
  }
  if (socketId === undefined) throw new ValidationError('Nothing was authorised: the "socket_id" is missing.');
  return socketId;
}

function isSomeone(user: AppUser | null | undefined): user is AppUser {
  return user !== undefined && user !== null;
}

function nobody(backend: AnyBackend): AuthenticationError {
  return new AuthenticationError('Nobody is logged in.', { backend: backend.name, status: 401 });
}

function checkChannel(channel: string, { name, capabilities }: AnyBackend): void {
  checkName(channel, 'channel', capabilities.channelName, name);
}

async function decide(channel: string, request: SubscriptionRequest, host: AuthorizerHost): Promise<Verdict> {
  const { rules, sessions } = host;
  const { user, session } = request;
  if (session?.channelId === channel) return {};
  if (!isSomeone(user)) return nobodyThere;
  const found = rules.find(channel);
  if (found !== undefined) return askRule(found, channel, user, request, host);
  // Messages reach users by channels, not by wildcards: whose id makes one of the own channel may not listen to others' with it.
  const isOwn = !isWildcard(channel) && (await reaches(user, channel, host));
  return isOwn ? { member: { id: userIdOf(user, sessions) } } : noRule;
}

/** Whether the channel is that of one of the user's sessions. */
async function reaches(user: AppUser, channel: string, { backend, sessions }: AuthorizerHost): Promise<boolean> {
  try {
    const [channels] = await (sessions as SessionAdapter<unknown>).channelsFor([user]);
    return channels?.includes(channel) ?? false;
  } catch (error) {
    throw lookUpError(error, backend, 'Nothing was authorised');
  }
}

async function askRule(
  { rule, pattern, params }: FoundRule,
  channel: string,
  user: AppUser,
  { request }: SubscriptionRequest,
  { logger, sessions }: AuthorizerHost,
): Promise<Verdict> {
  let answer: unknown;
  try {
    answer = await rule({ user, params, channel, request });
  } catch (error) {
    logger.error({ err: error, channel, pattern }, 'an authorisation rule failed: the subscription was refused');
    return notAllowed;
  }
  if (answer === false) return notAllowed;
  if (answer === true) return { member: { id: userIdOf(user, sessions) } };
  if (isMember(answer)) return { member: answer };
  logger.error(
    { channel, pattern, answered: typeof answer },
    'an authorisation rule returned neither true, false nor a member { id, info }: the subscription was refused',
  );
  return notAllowed;
}

function isMember(value: unknown): value is PresenceMember {
  if (typeof value !== 'object' || value === null || !('id' in value) || typeof value.id !== 'string') return false;
  try {
    // What the other members get to see.
    JSON.stringify(value);
    return true;
  } catch {
    return false;
  }
}

function refusal({ status, reason }: Refusal, backend: AnyBackend, channels: readonly string[]): AuthenticationError {
  const names = channels.map((channel) => JSON.stringify(channel)).join(', ');
  return new AuthenticationError(`No subscription to ${names}: ${reason}.`, { backend: backend.name, status });
}

async function signed<Grant>(backend: AnyBackend, work: () => Awaitable<Grant>): Promise<Grant> {
  try {
    return await work();
  } catch (error) {
    const failure = asPushError(error, backend);
    if (failure.code !== 'AUTHENTICATION') throw failure;
    // It was not the client that was refused.
    const { message, status } = failure;
    throw new ConfigurationError(message, { backend: backend.name, status, cause: failure });
  }
}
