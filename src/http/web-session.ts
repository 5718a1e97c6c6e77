import { ConfigurationError } from '../core/errors.js';
import type { PushUser } from '../sessions/adapter.js';
import { readPushSession } from '../sessions/session-data.js';
import type { RequestSession } from './request.js';
import { type SessionChannelOptions, sessionContexts } from './session-context.js';
import { SessionOfRequest } from './session-of-request.js';

/**
 * Time for a response to reach the browser, in milliseconds, before the session's pages are sent to connect anew: a web
 * handler does not tell when it has been sent, and pages that come back before it have the cookie of before.
 */
const RESPONSE_MS = 1000;

/** Options of {@link webPushSession}. */
export interface WebPushSessionOptions<Session extends object, User = PushUser> extends SessionChannelOptions<User> {
  /** Returns the user who is logged in, as the session tells; null or undefined for nobody. @default session.user */
  user?(session: Session): User | null | undefined;
}

/** The push session of one web request. Pass it to the push handler, as `handler(request, { pushSession })`. */
export interface WebPushSession extends RequestSession {
  /**
   * Binds the session to the user who is logged in now, and unbinds it from the one who has logged out. Call it when
   * the request was handled, before you save the session.
   * @returns whether the session has changed since the last call, so that it has to be saved
   */
  settle(): Promise<boolean>;
}

/**
 * Gives each session a channel of its own where requests are web requests, such as in Next.js, Hono, Remix, SvelteKit
 * and Astro. The session may be of any library: an object whose key `pushSession` is saved with it.
 * @returns a function that takes the session of one request
 * @throws ConfigurationError for an unknown option, or a `user` that is no function
 * @throws ValidationError for a wrong `ttl` or `timeout`
 * @example
 * const pushSessionOf = webPushSession({ user: (session: ShopSession) => session.user });
 * export async function POST(request: Request) {
 *   const session = await getIronSession<ShopSession>(await cookies(), options);
 *   const pushSession = pushSessionOf(session);
 *   session.user = await logIn(request);
 *   await pushSession.settle();
 *   await session.save();
 *   return new Response('welcome');
 * }
 */
export function webPushSession<Session extends object, User = PushUser>(
  options: WebPushSessionOptions<Session, User> = {},
): (session: Session) => WebPushSession {
  const contextOfRequest = sessionContexts('webPushSession()', options);
  const userOf = (session: Session): unknown =>
    options.user === undefined ? Reflect.get(session, 'user') : options.user(session);

  return (session) => {
    if (typeof session !== 'object' || session === null)
      throw new ConfigurationError(
        'webPushSession() got no session: pass it the session object of the request, such as that of getIronSession().',
      );
    const request = new SessionOfRequest(
      { session: () => session, user: () => userOf(session), idOf: () => undefined, hasBegun: () => false },
      contextOfRequest(),
    );
    let saved = JSON.stringify(readPushSession(session));
    request.begin();
    return {
      get channelId() {
        return request.channelId;
      },
      get userId() {
        return request.userId;
      },
      get user() {
        return request.user;
      },
      clientConfig: () => request.clientConfig(),
      async settle() {
        await request.settle();
        const current = JSON.stringify(readPushSession(session));
        const hasChanged = current !== saved;
        saved = current;
        if (hasChanged) setTimeout(() => request.disconnectFormer(), RESPONSE_MS).unref();
        return hasChanged;
      },
    };
  };
}
