import { ConfigurationError, PushError } from '../core/errors.js';
import type { PushService } from '../service/push-service.js';
import type { PushSession } from '../sessions/adapter.js';
import { userIdOf } from '../sessions/audience.js';
import { HttpError } from '../web/http-error.js';
import { readWebhook } from '../webhooks/read.js';
import type { WebhookSource } from '../webhooks/source.js';
import { type Form, oneOf, readForm } from './form.js';
import type { PushHandlerOptions } from './options.js';
import type { PushRequestContext } from './request.js';

/** What a route is given. */
interface RouteCall {
  readonly request: Request;
  readonly context: PushRequestContext;
  readonly service: PushService;
  readonly options: PushHandlerOptions;
}

/** One of the handler's addresses: what it returns is answered as JSON. */
export interface Route {
  readonly method: 'GET' | 'POST';
  /** Whether it is a provider that asks, and no page. */
  readonly isForProviders?: boolean;
  answer(call: RouteCall): Promise<object>;
}

const routes: ReadonlyMap<string, Route> = new Map<string, Route>([
  ['auth', { method: 'POST', answer: authorizeChannel }],
  ['user-auth', { method: 'POST', answer: authenticateUser }],
  ['config', { method: 'GET', answer: clientConfig }],
  ['webhook', { method: 'POST', isForProviders: true, answer: webhook }],
]);

/** Finds a route by the last segment of a path. */
export function findRoute(path: string): Route | undefined {
  return routes.get(path.slice(path.lastIndexOf('/') + 1));
}

async function authorizeChannel(call: RouteCall): Promise<object> {
  const { request, service } = call;
  const form = await readForm(request);
  const channels = form.get('channel_name') ?? [];
  const [channel] = channels;
  if (channel === undefined) throw new HttpError(400, 'The "channel_name" is missing.');
  return service.authorizeChannel({
    channel: channels.length === 1 ? channel : channels,
    ...(await client(call, form)),
    request,
  });
}

async function authenticateUser(call: RouteCall): Promise<object> {
  return call.service.authenticateUser(await client(call, await readForm(call.request)));
}

/** Who asks. What the client says of itself is no more than which connection it has. */
async function client(call: RouteCall, form: Form) {
  return { socketId: oneOf(form, 'socket_id'), user: await userOf(call), session: await sessionOf(call) };
}

async function clientConfig(call: RouteCall): Promise<object> {
  const { request, context, service, options } = call;
  const own = options.session === undefined ? context.node?.pushSession : undefined;
  const config = own === undefined ? await service.clientConfig(await audienceOf(call)) : await own.clientConfig();
  const [path = ''] = (context.node?.originalUrl ?? new URL(request.url).pathname).split('?', 1);
  const base = path.slice(0, path.lastIndexOf('/') + 1);
  const { authorize, authenticate } = service.backend.capabilities;
  return {
    ...(authorize && { authEndpoint: `${base}auth` }),
    ...(authenticate && { userAuthEndpoint: `${base}user-auth` }),
    ...config,
  };
}

async function webhook({ request, context, service, options }: RouteCall): Promise<object> {
  const { webhook: handle } = options;
  if (handle === undefined) throw new HttpError(404, 'Webhooks are not taken here.');
  // What a parser has made of the body cannot be verified: Node's request tells whether the bytes were kept, and what to do else.
  const { node } = context;
  try {
    const rawBody = await webhookBody(node?.readableEnded === true ? node : request);
    await service.webhook({ headers: request.headers, rawBody }, handle);
  } catch (error) {
    // Who runs the application is to know as well: the provider shows nobody what it is told. What else fails is logged with its answer.
    if (isRefusal(error)) service.logger.warn({ err: error }, 'a webhook was refused');
    throw error;
  }
  return {};
}

function isRefusal(error: unknown): boolean {
  if (error instanceof HttpError) return true;
  return PushError.isPushError(error) && (error.code === 'AUTHENTICATION' || error.code === 'VALIDATION');
}

/** @throws HttpError 408 when it does not arrive in time: any other timeout is the application's */
async function webhookBody(source: WebhookSource): Promise<Uint8Array> {
  try {
    return (await readWebhook(source)).rawBody;
  } catch (error) {
    if (!PushError.isPushError(error) || error.code !== 'TIMEOUT') throw error;
    throw new HttpError(408, error.message, { Connection: 'close' });
  }
}

/** @throws ConfigurationError for what is no user: that is not the asker's doing */
async function userOf({ request, context, service, options }: RouteCall) {
  const user = await options.authenticate?.(request, context);
  if (user === undefined || user === null) return undefined;
  try {
    userIdOf(user, service.sessions);
  } catch (cause) {
    if (!PushError.isPushError(cause)) throw cause;
    throw new ConfigurationError(`authenticate() returned no user. ${cause.message}`, { cause });
  }
  return user;
}

async function sessionOf({ request, context, options }: RouteCall): Promise<PushSession | undefined> {
  if (options.session !== undefined) return options.session(request, context);
  const { channelId, userId } = context.node?.pushSession ?? {};
  return channelId === undefined ? undefined : { channelId, userId };
}

/** For whom the page is. A session is its user's who is logged in, as for leave to subscribe. */
async function audienceOf(call: RouteCall) {
  const [session, user] = [await sessionOf(call), await userOf(call)];
  if (session === undefined || user === undefined) return session ?? user;
  return { ...session, userId: userIdOf(user, call.service.sessions) };
}
