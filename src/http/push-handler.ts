import type { Logger } from '../core/logger.js';
import { Places } from '../core/places.js';
import { RepeatedLines } from '../core/repeated-lines.js';
import type { PushService } from '../service/push-service.js';
import { HttpError } from '../web/http-error.js';
import { answerTo, json, loggerOf } from './answers.js';
import { DEFAULT_MAX_STREAMS, EventStreams } from './event-streams.js';
import { type Form, readForm } from './form.js';
import { checkOptions, DEFAULT_MAX_REQUESTS, type PushHandlerOptions } from './options.js';
import { originRule, preflightHeaders } from './origin-rule.js';
import { contextOf, type PushRequestOrigin } from './request.js';
import { findRoute, type Route } from './routes.js';

/** When a client that was turned away may ask again, in seconds. */
const RETRY_AFTER_S = '5';

const noForm: Form = new Map();

/**
 * Answers the requests of clients and providers. It never rejects.
 * @param origin holds the Node request, which `toNodeHandler` passes, or the push session of the request
 */
export type PushHandler = (request: Request, origin?: PushRequestOrigin) => Promise<Response>;

/**
 * Makes a handler for the push routes of a web application. The last segment of the path chooses the route, so you can
 * mount it anywhere:
 *
 * - `POST …/auth` answers whether a client may subscribe, by the rules of `PushService.authorize`.
 * - `POST …/user-auth` signs a client in as its user.
 * - `GET …/config` returns the configuration for a page's `PushClient`.
 * - `GET …/events?channel=…` streams the messages of channels as server-sent events, for `EventSource`.
 * - `GET …/client.js` returns the client itself, as a script that fetches this configuration.
 * - `GET …/fallback.js` returns what that script imports where no WebSocket gets through.
 * - `POST …/webhook` takes the provider's webhooks.
 *
 * Failures are answered with their status and `{ "error": "…" }`.
 * @throws ConfigurationError for an unknown or wrong option
 * @example
 * const pushRoutes = createPushHandler(PushService, {
 *   authenticate: (request) => userOf(request.headers.get('cookie')),
 * });
 * export const GET = (request) => pushRoutes(request); // a route handler of Next.js
 * export const POST = (request) => pushRoutes(request);
 */
export function createPushHandler(service: PushService, options: PushHandlerOptions = {}): PushHandler {
  checkOptions(options);
  const { allowedOrigins = [], maxRequests = DEFAULT_MAX_REQUESTS } = options;
  const origins = originRule(allowedOrigins);
  const places = new Places(maxRequests);
  const streams = new EventStreams(options.maxStreams ?? DEFAULT_MAX_STREAMS);
  const repeatedLines = new RepeatedLines();

  async function answer(
    request: Request,
    { route, hasToken }: Address,
    origin: PushRequestOrigin,
    logger: Logger,
  ): Promise<Response> {
    if (route === undefined) throw new HttpError(404, 'There is nothing at this address.');
    if (!route.isForProviders && !route.isOpen && !hasToken && !origins.admits(request))
      throw new HttpError(403, 'Pages of this origin may not send requests here: list the origin in "allowedOrigins".');
    if (request.method === 'OPTIONS')
      return new Response(null, { status: 204, headers: preflightHeaders(request, [route.method]) });
    const isHead = route.isOpen === true && request.method === 'HEAD';
    if (request.method !== route.method && !isHead)
      throw new HttpError(405, `This address takes ${route.method} only.`, { Allow: route.method });
    const form = route.takesForm ? await readForm(request) : noForm;
    const { node } = origin;
    const isForeign = origins.isForeign(request);
    const call = { request, node, context: contextOf(origin), service, options, form, logger, streams, isForeign };
    const answered = await (route.isForProviders ? route.answer(call) : inPlace(() => route.answer(call), logger));
    return answered instanceof Response ? answered : json(answered);
  }

  /** Does the work of a page's request. Its body was read before: a client that is slow with it takes no place. */
  async function inPlace<Answer>(work: () => Promise<Answer>, logger: Logger): Promise<Answer> {
    const leave = places.take();
    if (leave === undefined) {
      logger.warn(
        { maxRequests },
        'requests to the push handler were turned away: so many are waiting for the session adapter, a rule, or what else it asks',
      );
      const headers = { 'Retry-After': RETRY_AFTER_S };
      throw new HttpError(503, 'Too many requests are waiting for an answer: ask again later.', headers);
    }
    try {
      return await work();
    } finally {
      leave();
    }
  }

  return async (request, origin = {}) => {
    const logger = repeatedLines.on(loggerOf(service));
    const address = addressOf(request);
    const response = await answer(request, address, origin, logger).catch((error: unknown) => answerTo(error, logger));
    // An answer that every origin may read is the same for all.
    if (response.headers.has('access-control-allow-origin')) return response;
    const cors = address.hasToken ? corsOfToken : origins.corsHeaders(request);
    for (const [name, value] of Object.entries(cors)) response.headers.set(name, value);
    return response;
  };
}

/** What a page of any origin may read: the token says who asks, and no cookie counts. */
const corsOfToken = { 'Access-Control-Allow-Origin': '*' };

/** What the address of a request says. */
interface Address {
  /** Undefined where there is nothing. */
  readonly route: Route | undefined;
  /** Whether a token stands for the page's cookies. */
  readonly hasToken: boolean;
}

function addressOf(request: Request): Address {
  const { pathname, searchParams } = new URL(request.url);
  const route = findRoute(pathname);
  return { route, hasToken: route?.takesToken === true && searchParams.has('token') };
}
