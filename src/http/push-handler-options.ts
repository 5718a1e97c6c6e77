import { isOriginPattern } from '../allowed-origins.js';
import type { Awaitable } from '../awaitable.js';
import type { AppUser } from '../channels/push-types.js';
import { ConfigurationError } from '../errors.js';
import type { PushSession } from '../sessions/session-adapter.js';
import type { WebhookHandler } from '../webhooks/webhook-event.js';
import { checkOptionNames } from './check-options.js';
import type { PushRequestContext } from './push-request.js';

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
