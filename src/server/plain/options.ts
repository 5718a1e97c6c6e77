import * as z from 'zod/mini';
import { ConfigurationError } from '../../core/errors.js';
import { nonEmpty } from '../../core/schema-parts.js';
import type { Awaitable } from '../../core/until-aborted.js';
import { isOriginPattern } from '../../web/origins.js';

/** The request of a plain WebSocket as `node:http` gives it. */
export interface PlainNodeRequest {
  readonly method?: string | undefined;
  readonly url?: string | undefined;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly [property: string]: unknown;
}

/** The second argument of `authenticate` and `session`. */
export interface PlainRequestContext {
  /** The Node request behind the web `Request`. No middleware has seen it. */
  readonly node: PlainNodeRequest;
}

/** What the WebSockets of one path hear. */
export interface PlainPath {
  /**
   * The channel, with the parameters of the path: `'private-user-{channel}'`.
   * @default '{channel}'
   */
  channel?: string | undefined;
  /**
   * Origins beside the server's own whose pages may connect, such as `'https://example.com'` or
   * `'https://*.example.com'`. A page with a `token` may come from anywhere.
   * @default with `authenticate` or `session` only the own origin and those in the option `allowedOrigins`, because a
   * browser sends the visitor's cookies along whoever asks; else those in the option `allowedOrigins`
   */
  allowedOrigins?: readonly string[] | undefined;
  /**
   * Returns the user who is logged in; null or undefined for nobody. The function of `createPushHandler` fits. It MUST
   * use something that a client cannot forge, such as a signed cookie.
   * @default nobody is logged in
   */
  authenticate?(request: Request, context: PlainRequestContext): Awaitable<unknown>;
  /** Returns the session of the page that asks, which may hear its own channel. @default none */
  session?(
    request: Request,
    context: PlainRequestContext,
  ): Awaitable<{ readonly channelId: string; readonly userId?: string | undefined } | undefined>;
}

/** The schema of the option `plain`. */
export function plainOption(): z.ZodMiniType<Readonly<Record<string, PlainPath>>> {
  const origin = z.custom<string>(
    isOriginPattern,
    'must be an origin such as "https://example.com" or "https://*.example.com", without a path',
  );
  const path = z.strictObject({
    channel: z.optional(nonEmpty()),
    allowedOrigins: z.optional(z.array(origin)),
    authenticate: z.optional(z.custom<NonNullable<PlainPath['authenticate']>>(isFunction, 'must be a function')),
    session: z.optional(z.custom<NonNullable<PlainPath['session']>>(isFunction, 'must be a function')),
  });
  return z.record(z.string(), path) as z.ZodMiniType<Readonly<Record<string, PlainPath>>>;
}

function isFunction(value: unknown): boolean {
  return typeof value === 'function';
}

/** @throws ConfigurationError with the path that is wrong */
export function plainError(path: string, problem: string): ConfigurationError {
  return new ConfigurationError(`The websocket backend's options: the path "${path}" in "plain" ${problem}.`, {
    backend: 'websocket',
  });
}
