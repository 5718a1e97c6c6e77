import type { AppUser, SubscriptionRequest, UserDetails } from '../authorization/requests.js';
import { askInTime } from '../core/ask-in-time.js';
import { ConfigurationError, PushError } from '../core/errors.js';
import type { Logger } from '../core/logger.js';
import type { Awaitable } from '../core/until-aborted.js';
import type { PushService } from '../service/push-service.js';
import type { PushSession } from '../sessions/adapter.js';
import { isSession, type PageOwner } from '../sessions/page-owner.js';
import { userIdOf } from '../sessions/user-id.js';
import { HttpError } from '../web/http-error.js';
import { MAX_AUTH_CHANNELS } from '../wire/auth-request.js';
import { isRecord } from '../wire/is-record.js';
import { failureOf } from './answers.js';
import { answerWithFallback, answerWithScript, MissingScript } from './client-script.js';
import type { EventStreams } from './event-streams.js';
import { type Form, oneOf } from './form.js';
import type { PushHandlerOptions } from './options.js';
import { hostFor, publicAddress } from './public-address.js';
import type { NodeRequestParts, PushRequestContext } from './request.js';

/** The arguments of a route. */
interface RouteCall {
  readonly request: Request;
  /** The Node request behind it, when there is one. */
  readonly node: NodeRequestParts | undefined;
  /** What the application's functions get. */
  readonly context: PushRequestContext;
  readonly service: PushService;
  readonly options: PushHandlerOptions;
  /** The fields of the request; none where the route takes no form. */
  readonly form: Form;
  readonly logger: Logger;
  readonly streams: EventStreams;
  /** Whether a page of another origin asks. */
  readonly isForeign: boolean;
}

/** One address of the push handler. Its result is answered as JSON, unless it is an answer already. */
export interface Route {
  readonly method: 'GET' | 'POST';
  /** Whether it tells everybody the same, so that a page of any origin may ask. It takes HEAD as well. */
  readonly isOpen?: boolean;
  /** Whether providers send requests to it, and not pages. */
  readonly isForProviders?: boolean;
  /** Whether the request's body is a form. */
  readonly takesForm?: boolean;
  /** Whether a token in the address may stand for the cookies of the page. */
  readonly takesToken?: boolean;
  /** @returns what is answered as JSON, or a whole response */
  answer(call: RouteCall): Promise<object>;
}

const routes: ReadonlyMap<string, Route> = new Map<string, Route>([
  ['auth', { method: 'POST', takesForm: true, answer: authorizeChannel }],
  ['user-auth', { method: 'POST', takesForm: true, answer: authenticateUser }],
  ['config', { method: 'GET', answer: clientConfig }],
  ['events', { method: 'GET', takesToken: true, answer: events }],
  ['client.js', { method: 'GET', isOpen: true, answer: (call) => script(call, answerWithScript) }],
  ['fallback.js', { method: 'GET', isOpen: true, answer: (call) => script(call, answerWithFallback) }],
  ['webhook', { method: 'POST', isForProviders: true, answer: webhook }],
]);

/** Finds a route by the last segment of a path, behind which a slash may stand. */
export function findRoute(path: string): Route | undefined {
  const end = path.endsWith('/') ? path.length - 1 : path.length;
  return routes.get(path.slice(path.lastIndexOf('/', end - 1) + 1, end));
}

async function authorizeChannel(call: RouteCall): Promise<object> {
  const { request, service, form } = call;
  const channels = form.get('channel_name') ?? [];
  const [channel] = channels;
  if (channel === undefined) throw new HttpError(400, 'The "channel_name" is missing.');
  if (channels.length > MAX_AUTH_CHANNELS)
    throw new HttpError(400, `A request may name ${MAX_AUTH_CHANNELS} channels, not ${channels.length}.`);
  const asking = { ...(await client(call)), request };
  if (channels.length === 1) return service.authorizeChannel({ channel, ...asking });
  // One token for all of them, where the backend has such tokens.
  if (service.backend.authorizeChannels) return service.authorizeChannel({ channel: channels, ...asking });
  return { answers: await answersFor(channels, asking, call) };
}

/** Grants or refuses each channel for itself. */
async function answersFor(
  channels: readonly string[],
  asking: Omit<SubscriptionRequest, 'channel'>,
  { service, logger }: RouteCall,
): Promise<Readonly<Record<string, object>>> {
  const answer = async (channel: string): Promise<object> => {
    try {
      return await service.authorizeChannel({ channel, ...asking });
    } catch (error) {
      return failureOf(error, logger);
    }
  };
  const names = [...new Set(channels)];
  return Object.fromEntries(await Promise.all(names.map(async (name) => [name, await answer(name)] as const)));
}

async function authenticateUser(call: RouteCall): Promise<object> {
  const { request, context, service, options } = call;
  const { userData } = options;
  const asking = await client(call);
  // First without details: nothing is looked up for a request that is refused, and what is wrong then is the client's
  // mistake.
  const answer = await service.authenticateUser(asking);
  const { user } = asking;
  if (userData === undefined || user === undefined) return answer;
  const details: unknown = await asked('userData', userData, async () => userData(user, request, context), call);
  try {
    return await service.authenticateUser({ ...asking, ...checkedDetails(details) });
  } catch (cause) {
    if (!PushError.isPushError(cause) || cause.code !== 'VALIDATION') throw cause;
    throw new ConfigurationError(`userData() returned what no user can have. ${cause.message}`, { cause });
  }
}

/** @throws ConfigurationError for anything but `{ info, watchlist }` */
function checkedDetails(details: unknown): UserDetails {
  if (details === undefined || details === null) return {};
  const known = isRecord(details) && Object.keys(details).every((key) => key === 'info' || key === 'watchlist');
  if (known) return details;
  throw new ConfigurationError('userData() must return { info, watchlist } or nothing, and no other keys.');
}

/** Finds out who asks. Only the socket id comes from the client itself. */
async function client(call: RouteCall) {
  // A log-out may come while the application looks up who asks.
  const askedAt = Date.now();
  const socketId = oneOf(call.form, 'socket_id');
  return { socketId, user: await userOf(call), session: await sessionOf(call), askedAt };
}

async function clientConfig(call: RouteCall): Promise<object> {
  const { request, node, context, service, options, isForeign } = call;
  const own = options.session === undefined ? context.pushSession : undefined;
  const config = own === undefined ? await service.clientConfig(await ownerOf(call)) : await own.clientConfig();
  const { base, origin } = publicAddress(request, node?.originalUrl ?? node?.url, options, isForeign);
  const { authorizeChannels, capabilities } = service.backend;
  const { authorize, authenticate, subscribe } = capabilities;
  return {
    // `batchAuth` tells of this handler's own address. One that the backend names may know one channel at a time.
    ...(authorize && { authEndpoint: `${base}auth` }),
    ...(authorize && !authorizeChannels && config.authEndpoint === undefined && { batchAuth: true }),
    ...(authenticate && { userAuthEndpoint: `${base}user-auth` }),
    ...(subscribe && { eventsEndpoint: `${base}events` }),
    ...config,
    ...(isForeign && hostFor(config, origin)),
  };
}

async function events(call: RouteCall): Promise<Response> {
  const { request, node, service, streams, logger } = call;
  const parameters = new URL(request.url).searchParams;
  const channels = parameters.getAll('channel');
  const token = parameters.get('token') ?? undefined;
  if (channels.length === 0 && token === undefined)
    throw new HttpError(400, 'The "channel" is missing: ask for events?channel=NAME.');
  // A log-out may come while the application looks up who asks.
  const askedAt = Date.now();
  // A token stands for the visitor: a cookie of another visitor may come along.
  const asking =
    token === undefined ? { user: await userOf(call), session: await sessionOf(call), request, askedAt } : { token };
  return streams.answer(service, { channels, ...asking }, { signal: request.signal, logger, node });
}

async function script({ request, service }: RouteCall, answer: typeof answerWithScript): Promise<object> {
  try {
    return await answer(request, service.backend.clientBackend);
  } catch (cause) {
    if (!(cause instanceof MissingScript)) throw cause;
    // A developer who opens the address sees why it does not load. It is no secret which packages are missing.
    throw new HttpError(500, cause.message);
  }
}

async function webhook({ request, node, service, options, logger }: RouteCall): Promise<object> {
  const { webhook: handle, webhookBackend: backend } = options;
  if (handle === undefined)
    throw new HttpError(404, 'This address takes no webhooks: the option "webhook" is not set.');
  // A body that a parser has changed cannot be verified. The service looks for the raw bytes on Node's request, or says
  // how to keep them.
  try {
    await service.webhook(node?.readableEnded === true ? node : request, handle, { backend });
  } catch (cause) {
    const error = isLateBody(cause) ? new HttpError(408, cause.message, { Connection: 'close' }) : cause;
    // Providers show the answer to nobody, so the log tells the application's owner. Other failures are logged with
    // their answer.
    if (isRefusal(error)) logger.warn({ err: error }, 'a webhook was refused');
    throw error;
  }
  return {};
}

function isRefusal(error: unknown): boolean {
  if (error instanceof HttpError) return true;
  return PushError.isPushError(error) && (error.code === 'AUTHENTICATION' || error.code === 'VALIDATION');
}

/** Whether a webhook's body did not arrive in time. Any other timeout comes from the application. */
function isLateBody(error: unknown): error is PushError {
  return PushError.isPushError(error) && error.code === 'TIMEOUT' && error.status === 408;
}

/** @throws ConfigurationError for anything but a user: that is not the client's mistake */
async function userOf(call: RouteCall) {
  const { authenticate } = call.options;
  // pushSession() has been told who is logged in.
  const user =
    authenticate === undefined
      ? (call.context.pushSession?.user as AppUser | undefined)
      : await answerOf('authenticate', authenticate, call);
  if (user === undefined || user === null) return undefined;
  try {
    userIdOf(user, call.service.sessions);
  } catch (cause) {
    if (!PushError.isPushError(cause)) throw cause;
    throw new ConfigurationError(`authenticate() returned no user. ${cause.message}`, { cause });
  }
  return user;
}

async function sessionOf(call: RouteCall): Promise<PushSession | undefined> {
  const { session } = call.options;
  if (session !== undefined) return answerOf('session', session, call);
  const { channelId, userId } = call.context.pushSession ?? {};
  return channelId === undefined ? undefined : { channelId, userId };
}

/** What a function of the application answers. @throws TimeoutError when it does not answer */
async function answerOf<Answer>(
  name: string,
  ask: ((request: Request, context: PushRequestContext) => Awaitable<Answer>) | undefined,
  call: RouteCall,
): Promise<Answer | undefined> {
  if (ask === undefined) return undefined;
  return asked(name, ask, async () => ask(call.request, call.context), call);
}

/** @param whom the function of the application that is asked */
function asked<Answer>(
  name: string,
  whom: object,
  ask: () => Promise<Answer>,
  { service }: RouteCall,
): Promise<Answer> {
  return askInTime(whom, ask, service.timeout, {
    missing: `${name}() did not answer`,
    consequence: 'the request was given up, and nothing was sent',
  });
}

/**
 * The owner of the page that asks: its session, or its user. A session belongs to the user who is logged in, as in a
 * subscription.
 */
async function ownerOf(call: RouteCall): Promise<PageOwner<unknown> | undefined> {
  const [session, user] = [await sessionOf(call), await userOf(call)];
  if (session === undefined) return user === undefined ? undefined : { user };
  if (!isSession(session)) throw new ConfigurationError('session() returned no session: it needs a "channelId".');
  return { session: user === undefined ? session : { ...session, userId: userIdOf(user, call.service.sessions) } };
}
