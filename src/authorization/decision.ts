import { NOT_AUTHORISED } from '../backends/contract/ask.js';
import { misnamedId, type PresenceMember } from '../backends/contract/authorization.js';
import { lookUpError } from '../backends/contract/failure.js';
import type { Listener } from '../backends/contract/listening.js';
import type { AnyBackend } from '../backends/contract/wrapper.js';
import { askInTime } from '../core/ask-in-time.js';
import { isWildcard } from '../core/channel-pattern.js';
import type { Wait } from '../core/deadline.js';
import { AuthenticationError } from '../core/errors.js';
import type { Logger } from '../core/logger.js';
import { checkName, userIdText } from '../core/names.js';
import { isAnonymous, type PushSession, type SessionAdapter } from '../sessions/adapter.js';
import { isSessionChannel } from '../sessions/session-data.js';
import { userIdOf } from '../sessions/user-id.js';
import type { AppUser } from './requests.js';
import type { ChannelRules, FoundRule } from './rules.js';

/** Knows who was logged out. */
interface LogOuts {
  /** Whether somebody was logged out at a time or since. @param time in milliseconds since the epoch */
  isLoggedOutSince(who: Listener, time: number): boolean;
}

/** The parts of a push service that decide who may subscribe. */
export interface AuthorizationHost {
  readonly backend: AnyBackend;
  readonly sessions: SessionAdapter<never>;
  readonly logger: Logger;
  readonly rules: ChannelRules;
  /** How long a rule and the session adapter have, in milliseconds. */
  readonly timeout: number;
  /** Knows who was logged out. */
  readonly streams: LogOuts;
}

/** Who asks. All of it comes from the application. */
export interface Visitor {
  readonly user?: AppUser | null | undefined;
  readonly session?: PushSession | undefined;
  /** The web `Request` that the rule gets. */
  readonly request?: Request | undefined;
}

/** The reason why a client may not subscribe. */
export interface Refusal {
  readonly status: 401 | 403;
  readonly reason: string;
}

const notLoggedIn: Refusal = { status: 401, reason: 'nobody is logged in' };
const notAllowed: Refusal = { status: 403, reason: 'this user may not' };
const noRule: Refusal = { status: 403, reason: 'no rule of authorize() fits it' };

/** The reason for a page that was opened before its user logged in or out. */
const OLD_SESSION = "it is not, or no longer, this session's channel: fetch the page's configuration anew";

/** Leave to subscribe, with the user whom the other members of a presence channel see, or a refusal. */
export type Verdict = { readonly member?: PresenceMember } | Refusal;

/** Decides whether somebody may subscribe to a channel. It signs nothing. */
export async function decide(channel: string, visitor: Visitor, host: AuthorizationHost): Promise<Verdict> {
  const { rules, sessions } = host;
  const { user, session } = visitor;
  if (session?.channelId === channel) return {};
  const ofSession = (refusal: Refusal) => (isSessionChannel(channel) ? { ...refusal, reason: OLD_SESSION } : refusal);
  if (!isSomeone(user)) return ofSession(notLoggedIn);
  const found = rules.find(channel);
  if (found !== undefined)
    return askInTime(
      found.rule,
      () => askRule(found, channel, user, visitor, host),
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
  { request }: Visitor,
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

/** Whether somebody is logged in. */
export function isSomeone(user: AppUser | null | undefined): user is AppUser {
  return user !== undefined && user !== null && !isAnonymous(user);
}

/** @throws ValidationError for a name that the backend does not take */
export function checkChannel(channel: string, { name, capabilities }: AnyBackend): void {
  checkName(channel, 'channel', capabilities.channelName, name);
}

/** The error that tells a client which channels it may not hear. */
export function refusal(
  { status, reason }: Refusal,
  backend: AnyBackend,
  channels: readonly string[],
): AuthenticationError {
  const names = channels.map((channel) => JSON.stringify(channel)).join(', ');
  return new AuthenticationError(`No subscription to ${names}: ${reason}.`, { backend: backend.name, status });
}

/** Names a visitor as a listener. @throws ValidationError for a user without an id */
export function listenerOf({ user, session }: Visitor, { sessions }: AuthorizationHost): Listener {
  const userId = isSomeone(user) ? userIdOf(user, sessions) : session?.userId;
  return { userId, sessionChannel: session?.channelId };
}
