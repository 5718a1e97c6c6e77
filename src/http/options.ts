import type { AppUser } from '../authorization/requests.js';
import { ConfigurationError } from '../core/errors.js';
import { didYouMean } from '../core/schema-check.js';
import type { Awaitable } from '../core/until-aborted.js';
import type { PushSession } from '../sessions/adapter.js';
import { isOriginPattern } from '../web/origins.js';
import type { WebhookHandler } from '../webhooks/event.js';
import type { PushRequestContext } from './request.js';

/** Options of {@link createPushHandler}. */
export interface PushHandlerOptions {
  /**
   * Who is logged in; nothing where nobody is. It MUST go by what the client cannot make up, such as a signed cookie.
   * @default nobody is
   */
  authenticate?: ((request: Request, context: PushRequestContext) => Awaitable<AppUser | null | undefined>) | undefined;
  /** The session that asks, which may subscribe to its own channel. @default that of `pushSession`, behind the Node form */
  session?: ((request: Request, context: PushRequestContext) => Awaitable<PushSession | undefined>) | undefined;
  /**
   * Called with each event of the provider's webhooks, once. When it fails, the provider is told so, and sends the event again.
   * @default none: webhooks are answered with 404
   */
  webhook?: WebhookHandler | undefined;
  /**
   * Pages of other origins that may ask: `'https://example.com'`, `'https://*.example.com'`. They get the headers of CORS, with credentials.
   * @default none but the application's own
   */
  allowedOrigins?: readonly string[] | undefined;
}

/** @throws ConfigurationError for one that is unknown or wrong */
export function checkOptions(options: PushHandlerOptions): void {
  checkOptionNames('createPushHandler()', options, ['authenticate', 'session', 'webhook'], ['allowedOrigins']);
  const origins: unknown = options.allowedOrigins ?? [];
  if (!Array.isArray(origins))
    throw new ConfigurationError('createPushHandler(): "allowedOrigins" must be a list of origins.');
  const origin: unknown = origins.find((text) => !isOriginPattern(text));
  if (origin !== undefined)
    throw new ConfigurationError(
      `createPushHandler(): "${String(origin)}" in "allowedOrigins" is no origin such as "https://example.com" or "https://*.example.com".`,
    );
}

/**
 * Checks the names of a function's options, and those that must be functions.
 * @param others names of the options that are no functions
 * @throws ConfigurationError for one that is unknown or no function
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
