import { ConfigurationError } from '../core/errors.js';
import { TimeSlices } from '../core/time-slices.js';
import type { Identify, PushUser, SessionAdapter } from './adapter.js';
import { recalling } from './recalled.js';
import { readPushSession } from './session-data.js';

/** A session store of `express-session` that can list its sessions. */
export interface SessionLister {
  /** Lists the sessions, as an array or as an object by id. It calls back, or returns a promise. */
  all?(callback: (error: unknown, sessions?: unknown) => void): unknown;
}

/** Options of {@link expressSessions}. */
export interface ExpressSessionsOptions<User = PushUser> {
  /**
   * Returns the user of a session; null or undefined for nobody.
   * @default the user that `pushSession()` wrote into it
   */
  user?: ((session: Readonly<Record<string, unknown>>) => User | null | undefined) | undefined;
  /** Returns the id of a user. @default identifyUser: the user itself, or its `id` */
  identify?: Identify<User> | undefined;
}

/** A session adapter on the application's own session store. */
export interface ExpressSessions<User = PushUser> extends SessionAdapter<User> {
  /** Tells `pushSession()` that the adapter reads the application's sessions. */
  readonly readsSessions: true;
}

/**
 * Finds users' channels in the application's own session store, where `pushSession()` writes them. Each look-up lists
 * the whole store once, for any number of users. That suits thousands of sessions, not millions.
 * @param store any store of `express-session` with the method `all`
 * @throws ConfigurationError for a store without `all`
 * @example
 * const store = new session.MemoryStore();
 * app.use(session({ store, secret, resave: false, saveUninitialized: false }));
 * PushService.configure({ backend, sessions: expressSessions(store) });
 * app.use(pushSession());
 */
export function expressSessions<User = PushUser>(
  store: SessionLister,
  options: ExpressSessionsOptions<User> = {},
): ExpressSessions<User> {
  if (typeof store?.all !== 'function') {
    throw new ConfigurationError(
      'expressSessions() needs a session store with the method all(), such as the MemoryStore of express-session or connect-redis. ' +
        'This store has no all(): use another store, or redisSessions().',
    );
  }
  const { user: userOf } = options;
  const { identify, recall } = recalling(options.identify);

  function userIdOf(session: object, written: string | undefined): string | undefined {
    if (userOf === undefined) return written;
    const user = userOf(session as Readonly<Record<string, unknown>>);
    return user === undefined || user === null ? undefined : identify(user);
  }

  return {
    identify,
    recall,
    readsSessions: true,

    async channelsFor(users) {
      const channelsOf = new Map<string, string[]>();
      const wanted: string[][] = [];
      const slices = new TimeSlices();
      for (const user of users) {
        const userId = identify(user);
        const channels = channelsOf.get(userId) ?? [];
        channelsOf.set(userId, channels);
        wanted.push(channels);
        if (slices.isOver) await slices.next();
      }
      if (wanted.length === 0) return [];
      const now = Date.now();
      for (const session of await listed(store)) {
        const pushSession = isExpired(session, now) ? undefined : readPushSession(session);
        const userId = pushSession && userIdOf(session, pushSession.userId);
        if (pushSession !== undefined && userId !== undefined) channelsOf.get(userId)?.push(pushSession.channelId);
        if (slices.isOver) await slices.next();
      }
      return wanted.map((channels) => [...channels]);
    },
  };
}

/** Lists the sessions of a store. Some stores call back, some return a promise, some do both. */
async function listed(store: SessionLister): Promise<readonly object[]> {
  try {
    const sessions = await new Promise<unknown>((resolve, reject) => {
      const returned = store.all?.((error, found) => (error ? reject(error) : resolve(found)));
      Promise.resolve(returned).then((found) => found !== undefined && resolve(found), reject);
    });
    return Object.values(sessions ?? {}).filter((session) => typeof session === 'object' && session !== null);
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    throw new Error(`The session store could not list its sessions: ${text}`, { cause: error });
  }
}

/** Whether a session has expired. Without an expiry of its cookie, it lives as long as the store keeps it. */
function isExpired(session: object, now: number): boolean {
  const cookie: unknown = 'cookie' in session ? session.cookie : undefined;
  if (typeof cookie !== 'object' || cookie === null || !('expires' in cookie)) return false;
  const { expires } = cookie;
  return (expires instanceof Date || typeof expires === 'string') && new Date(expires).getTime() <= now;
}
