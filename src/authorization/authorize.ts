import { askBackend, NOT_AUTHORISED } from '../backends/contract/ask.js';
import {
  type AuthenticatedUser,
  misnamedId,
  type PresenceMember,
  type UserAuthentication,
} from '../backends/contract/authorization.js';
import { asPushError, lookUpError } from '../backends/contract/failure.js';
import type { AnyBackend } from '../backends/contract/wrapper.js';
import { askInTime } from '../core/ask-in-time.js';
import type { Wait } from '../core/deadline.js';
import { AuthenticationError, ConfigurationError, ValidationError } from '../core/errors.js';
import type { Logger } from '../core/logger.js';
import { checkName, userIdText } from '../core/names.js';
import type { Awaitable } from '../core/until-aborted.js';
import { isAnonymous, type SessionAdapter } from '../sessions/adapter.js';
import { isSessionChannel } from '../sessions/session-data.js';
import { sessionUserId, userIdOf } from '../sessions/user-id.js';
import { MAX_AUTH_CHANNELS } from '../wire/auth-request.js';
import { isWildcard } from './pattern.js';
import type {
  AppUser,
  AskingClient,
  SignInRequest,
  SubscriptionGrant,
  SubscriptionRequest,
  UserDetails,
} from './requests.js';
import type { ChannelRules, FoundRule } from './rules.js';

/** The parts of a push service that decide who may subscribe. */
export interface AuthorizationHost {
  readonly backend: AnyBackend;
  readonly sessions: SessionAdapter<never>;
  readonly logger: Logger;
  readonly rules: ChannelRules;
  /** How long a rule and the session adapter have, in milliseconds. */
  readonly timeout: number;
}

/** The reason why a client may not subscribe. */
interface Refusal {
  readonly status: 401 | 403;
  readonly reason: string;
}

const notLoggedIn: Refusal = { status: 401, reason: 'nobody is logged in' };
const notAllowed: Refusal = { status: 403, reason: 'this user may not' };
const noRule: Refusal = { status: 403, reason: 'no rule of authorize() fits it' };

/** What a page asks with that was opened before its user logged in or out. */
const OLD_SESSION = "it is not, or no longer, this session's channel: fetch the page's configuration anew";

type Verdict = { readonly member?: PresenceMember } | Refusal;

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

function isSomeone(user: AppUser | null | undefined): user is AppUser {
  return user !== undefined && user !== null && !isAnonymous(user);
}

function nobodyError(backend: AnyBackend): AuthenticationError {
  return new AuthenticationError('Nobody is logged in.', { backend: backend.name, status: 401 });
}

function checkChannel(channel: string, { name, capabilities }: AnyBackend): void {
  checkName(channel, 'channel', capabilities.channelName, name);
}

async function decide(channel: string, request: SubscriptionRequest, host: AuthorizationHost): Promise<Verdict> {
  const { rules, sessions } = host;
  const { user, session } = request;
  if (session?.channelId === channel) return {};
  const ofSession = (refusal: Refusal) => (isSessionChannel(channel) ? { ...refusal, reason: OLD_SESSION } : refusal);
  if (!isSomeone(user)) return ofSession(notLoggedIn);
  const found = rules.find(channel);
  if (found !== undefined)
    return askInTime(
      found.rule,
      () => askRule(found, channel, user, request, host),
      host.timeout,
      notAnswered(`The rule for "${found.pattern}"`),
    );
  // A user id such as `*` would make a wildcard of the user's own channel, and let that user hear all others.
  const isOwn = !isWildcard(channel) && (await reaches(user, channel, host));
  return isOwn ? { member: { id: userIdOf(user, sessions) } } : ofSession(noRule);
}

/** Whether the channel belongs to one of the user's sessions. */
async function reaches(user: AppUser, channel: string, host: AuthorizationHost): Promise<boolean> {
  const { backend, sessions, timeout } = host;
  const ask = async (): Promise<boolean> => {
    try {
      const [channels] = await (sessions as SessionAdapter<unknown>).channelsFor([user]);
      return channels?.includes(channel) ?? false;
    } catch (error) {
      throw lookUpError(error, backend, 'Nothing was authorised');
    }
  };
  return askInTime(sessions, ask, timeout, notAnswered('The session adapter'));
}

function notAnswered(who: string): Wait {
  return { missing: `${who} did not answer`, consequence: NOT_AUTHORISED };
}

async function askRule(
  { rule, pattern, params }: FoundRule,
  channel: string,
  user: AppUser,
  { request }: SubscriptionRequest,
  { rules, sessions, ...host }: AuthorizationHost,
): Promise<Verdict> {
  const logger = rules.failures.on(host.logger);
  let answer: unknown;
  try {
    answer = await rule({ user, params, channel, request });
  } catch (error) {
    logger.error({ err: error, channel, pattern }, 'an authorisation rule failed, so the subscription was refused');
    return notAllowed;
  }
  if (answer === false) return notAllowed;
  if (answer === true) return { member: { id: userIdOf(user, sessions) } };
  const member = memberOf(answer);
  if (member !== undefined) return { member };
  logger.error(
    { channel, pattern, answered: typeof answer },
    `an authorisation rule returned neither true, false nor a member { id, info }${otherKey(answer)}, so the subscription was refused`,
  );
  return notAllowed;
}

/** Says which key a member has that should have `id`. */
function otherKey(answer: unknown): string {
  const key = misnamedId(answer);
  return key === undefined ? '' : ` (its key is "${key}" and should be "id")`;
}

/** Reads a member `{ id, info }` of a presence channel. Undefined for a value that is none, or that JSON loses. */
function memberOf(value: unknown): PresenceMember | undefined {
  if (typeof value !== 'object' || value === null || !('id' in value)) return undefined;
  const id = userIdText(value.id);
  if (id === undefined) return undefined;
  const member = { ...value, id };
  try {
    // The other members get it as JSON.
    JSON.stringify(member);
    return member;
  } catch {
    return undefined;
  }
}

function refusal({ status, reason }: Refusal, backend: AnyBackend, channels: readonly string[]): AuthenticationError {
  const names = channels.map((channel) => JSON.stringify(channel)).join(', ');
  return new AuthenticationError(`No subscription to ${names}: ${reason}.`, { backend: backend.name, status });
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
