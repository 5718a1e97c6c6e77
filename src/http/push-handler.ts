import type { PushService } from '../service/push-service.js';
import { HttpError } from '../web/http-error.js';
import { answerOf, json } from './answers.js';
import { checkOptions, type PushHandlerOptions } from './options.js';
import { originRule, preflightHeaders } from './origin-rule.js';
import type { PushRequestContext } from './request.js';
import { findRoute, type Route } from './routes.js';

/**
 * Answers what clients and providers ask of the application. Never rejects.
 * @param context as `toNodeHandler` gives it
 */
export type PushHandler = (request: Request, context?: PushRequestContext) => Promise<Response>;

/**
 * Makes the handler of a web application's push routes, which are told by the last segment of the path, wherever they are mounted:
 *
 * - `POST …/auth`: may this client subscribe? By the rules of `PushService.authorize`.
 * - `POST …/user-auth`: signs the client in as its user.
 * - `GET …/config`: what the page's `PushClient` takes.
 * - `POST …/webhook`: the provider's webhooks.
 *
 * Whatever goes wrong is answered with its status and `{ "error": "…" }`.
 * @throws ConfigurationError for an option that is wrong
 */
export function createPushHandler(service: PushService, options: PushHandlerOptions = {}): PushHandler {
  checkOptions(options);
  const origins = originRule(options.allowedOrigins ?? []);

  async function answer(request: Request, context: PushRequestContext): Promise<Response> {
    const route = routeOf(request);
    if (!route.isForProviders && !origins.admits(request))
      throw new HttpError(403, 'A page of this origin may not ask: list it in "allowedOrigins".');
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
