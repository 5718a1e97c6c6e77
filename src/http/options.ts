import type { AppUser, UserDetails } from '../authorization/requests.js';
import { ConfigurationError } from '../core/errors.js';
import { didYouMean } from '../core/schema-check.js';
import type { Awaitable } from '../core/until-aborted.js';
import type { PushSession } from '../sessions/adapter.js';
import { isOriginPattern } from '../web/origins.js';
import type { WebhookHandler } from '../webhooks/event.js';
import { checkMaxStreams, DEFAULT_MAX_STREAMS } from './event-streams.js';
import { isPublicUrl } from './public-address.js';
import type { PushRequestContext } from './request.js';

/** Default of the option `maxRequests`. A request that is not answered holds some 10 kB. */
export const DEFAULT_MAX_REQUESTS = 1000;

/** Options of {@link createPushHandler}. */
export interface PushHandlerOptions {
  /**
   * Returns the user who is logged in; null or undefined for nobody. It MUST use something that a client cannot forge,
   * such as a signed cookie.
   * @default the user whom `pushSession()` knows; nobody without it
   */
  authenticate?: ((request: Request, context: PushRequestContext) => Awaitable<AppUser | null | undefined>) | undefined;
  /**
   * Returns the session of the page that asks, which may subscribe to its own channel.
   * @default the session of `pushSession()`
   */
  session?: ((request: Request, context: PushRequestContext) => Awaitable<PushSession | undefined>) | undefined;
  /**
   * Returns what a sign-in tells of the user who is logged in beside the id: `{ info, watchlist }`. Called when a page
   * signs in, with backends that speak Pusher's protocol.
   * @default nothing but the id
   */
  userData?:
    | ((user: AppUser, request: Request, context: PushRequestContext) => Awaitable<UserDetails | undefined>)
    | undefined;
  /**
   * Called once with each event of the provider's webhooks. When it throws or rejects, the provider gets an error and
   * sends the event again.
   * @default none: webhooks get the status 404
   */
  webhook?: WebhookHandler | undefined;
  /**
   * The backend that webhooks are for, in a service with the setting `backends`. For webhooks of several providers,
   * make a handler for each, at an address of its own.
   * @default the first backend
   */
  webhookBackend?: string | undefined;
  /**
   * Origins of other sites whose pages may send requests, such as `'https://example.com'` or `'https://*.example.com'`.
   * They get CORS headers with credentials.
   * @default only the application's own origin
   */
  allowedOrigins?: readonly string[] | undefined;
  /**
   * Most requests of pages that wait for an answer at the same time, 1 or more. Further ones are answered at once with
   * 503 and `Retry-After`. Webhooks do not count. @default 1 000
   */
  maxRequests?: number | undefined;
  /**
   * Most streams of events that are open at the same time, 1 or more. Further ones are answered with 503 and
   * `Retry-After`. @default 10 000
   */
  maxStreams?: number | undefined;
  /**
   * Where pages find the push routes, where that is another address than the one that is asked here: a path such as
   * `'/shop/push'`, or a URL. It goes before `auth` and `user-auth` in the configuration of a page.
   * @default the address of the request
   */
  publicUrl?: string | undefined;
  /**
   * Whether a proxy stands before the application that sets `X-Forwarded-Prefix`, `X-Forwarded-Host` and
   * `X-Forwarded-Proto`, and takes over none from a client. They then tell the address that pages ask.
   * @default false
   */
  trustProxy?: boolean | undefined;
}

/** Checks the options of `createPushHandler`. @throws ConfigurationError for an unknown or wrong option */
export function checkOptions(options: PushHandlerOptions): void {
  checkOptionNames(
    'createPushHandler()',
    options,
    ['authenticate', 'session', 'userData', 'webhook'],
    ['allowedOrigins', 'maxRequests', 'maxStreams', 'publicUrl', 'trustProxy', 'webhookBackend'],
  );
  const { maxRequests = DEFAULT_MAX_REQUESTS, maxStreams = DEFAULT_MAX_STREAMS } = options;
  checkMaxStreams(maxStreams);
  if (!Number.isSafeInteger(maxRequests) || maxRequests < 1)
    throw new ConfigurationError('createPushHandler(): "maxRequests" must be a whole number of requests, 1 or more.');
  const { publicUrl, trustProxy, webhookBackend }: Readonly<Partial<Record<keyof PushHandlerOptions, unknown>>> =
    options;
  if (webhookBackend !== undefined && typeof webhookBackend !== 'string')
    throw new ConfigurationError('createPushHandler(): "webhookBackend" must be a name of the setting "backends".');
  if (publicUrl !== undefined && !isPublicUrl(publicUrl))
    throw new ConfigurationError(
      'createPushHandler(): "publicUrl" must be a path such as "/shop/push", or a URL such as "https://example.com/shop/push", without a query.',
    );
  if (trustProxy !== undefined && typeof trustProxy !== 'boolean')
    throw new ConfigurationError('createPushHandler(): "trustProxy" must be true or false.');
  const origins: unknown = options.allowedOrigins ?? [];
  if (!Array.isArray(origins))
    throw new ConfigurationError('createPushHandler(): "allowedOrigins" must be a list of origins.');
  const origin: unknown = origins.find((text) => !isOriginPattern(text));
  if (origin !== undefined)
    throw new ConfigurationError(
      `createPushHandler(): "${String(origin)}" in "allowedOrigins" is not an origin such as "https://example.com" or "https://*.example.com".`,
    );
}

/**
 * Checks the names of a function's options, and the type of those that must be functions.
 * @param others names of the options that are no functions
 * @throws ConfigurationError for an unknown option, and for one that must be a function
 */
export function checkOptionNames(
  caller: string,
  options: object,
  functions: readonly string[],
  others: readonly string[],
): void {
  const known = [...functions, ...others];
  const unknown = Object.keys(options).find((key) => !known.includes(key));
  if (unknown !== undefined)
    throw new ConfigurationError(`${caller} has no option "${unknown}"${didYouMean(unknown, known)}`);
  const isWrong = (value: unknown): boolean => value !== undefined && typeof value !== 'function';
  const wrong = functions.find((name) => isWrong(Reflect.get(options, name)));
  if (wrong !== undefined) throw new ConfigurationError(`${caller}: "${wrong}" must be a function.`);
}
