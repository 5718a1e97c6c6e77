import type { PushService } from '../service/push-service.js';
import { HttpError } from '../web/http-error.js';
import { answerOf, json } from './answers.js';
import { checkOptions, type PushHandlerOptions } from './options.js';
import { originRule, preflightHeaders } from './origin-rule.js';
import type { PushRequestContext } from './request.js';
import { findRoute, type Route } from './routes.js';

/**
 * Answers the requests of clients and providers. It never rejects.
 * @param context holds the Node request; `toNodeHandler` passes it
 */
export type PushHandler = (request: Request, context?: PushRequestContext) => Promise<Response>;

/**
 * Makes a handler for the push routes of a web application. The last segment of the path chooses the route, so you can
 * mount it anywhere:
 *
 * - `POST …/auth` answers whether a client may subscribe, by the rules of `PushService.authorize`.
 * - `POST …/user-auth` signs a client in as its user.
 * - `GET …/config` returns the configuration for a page's `PushClient`.
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
  const origins = originRule(options.allowedOrigins ?? []);

  async function answer(request: Request, context: PushRequestContext): Promise<Response> {
    const route = routeOf(request);
    if (!route.isForProviders && !origins.admits(request))
      throw new HttpError(403, 'Pages of this origin may not send requests here: list the origin in "allowedOrigins".');
    if (request.method === 'OPTIONS')
      return new Response(null, { status: 204, headers: preflightHeaders(request, [route.method]) });
    if (request.method !== route.method)
      throw new HttpError(405, `This address takes ${route.method} only.`, { Allow: route.method });
    return json(await route.answer({ request, context, service, options }));
  }

  return async (request, context = {}) => {
    const response = await answer(request, context).catch((error: unknown) => answerOf(error, service));
    for (const [name, value] of Object.entries(origins.corsHeaders(request))) response.headers.set(name, value);
    return response;
  };
}

function routeOf(request: Request): Route {
  const route = findRoute(new URL(request.url).pathname);
  if (route === undefined) throw new HttpError(404, 'There is nothing at this address.');
  return route;
}
