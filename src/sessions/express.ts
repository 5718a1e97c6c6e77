import { ConfigurationError } from '../core/errors.js';
import { TimeSlices } from '../core/time-slices.js';
import { type Identify, identifyUser, type PushUser, type SessionAdapter } from './adapter.js';
import { keptIn } from './kept.js';

/** A store of `express-session` that can list its sessions. */
export interface SessionLister {
  /** Hands a list of sessions, or an object of sessions by their ids, to the callback, or promises it. */
  all?(callback: (error: unknown, sessions?: unknown) => void): unknown;
}

/** Options of {@link expressSessions}. */
export interface ExpressSessionsOptions<User = PushUser> {
  /** Whose session it is; null or undefined for nobody's. @default whom `pushSession()` noted in it */
  user?: ((session: Readonly<Record<string, unknown>>) => User | null | undefined) | undefined;
  /** A user's id. @default the user itself, or its `id` */
  identify?: Identify<User> | undefined;
}

/** Sessions that are kept nowhere but in the application's own session store. */
export interface ExpressSessions<User = PushUser> extends SessionAdapter<User> {
  /** Tells `pushSession()` that this reads what is kept in the application's sessions. */
  readonly readsSessions: true;
}

/**
 * Reads the application's own session store, in which `pushSession()` notes each session's channel and user. A look-up lists the whole
 * store once, for any number of users: right for thousands of sessions, not for millions.
 * @param store any store of `express-session` that has `all`
 * @throws ConfigurationError for a store that cannot list its sessions
 */
export function expressSessions<User = PushUser>(
  store: SessionLister,
  options: ExpressSessionsOptions<User> = {},
): ExpressSessions<User> {
  if (typeof store?.all !== 'function') {
    throw new ConfigurationError(
      'expressSessions() needs a session store that lists its sessions with all(), as the MemoryStore of express-session and ' +
        'connect-redis do. This one has no all(): take another store, or redisSessions().',
    );
  }
  const { user: userOf, identify = identifyUser } = options;

  function userIdOf(session: object, noted: string | undefined): string | undefined {
    if (userOf === undefined) return noted;
    const user = userOf(session as Readonly<Record<string, unknown>>);
    return user === undefined || user === null ? undefined : identify(user);
  }

  return {
    identify,
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
        const kept = isExpired(session, now) ? undefined : keptIn(session);
        const userId = kept && userIdOf(session, kept.userId);
        if (kept !== undefined && userId !== undefined) channelsOf.get(userId)?.push(kept.channelId);
        if (slices.isOver) await slices.next();
      }
      return wanted.map((channels) => [...channels]);
    },
  };
}

/** Some stores call back, some promise, some do both. */
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

/** A cookie without an end lives as long as the store keeps its session. */
function isExpired(session: object, now: number): boolean {
  const cookie: unknown = 'cookie' in session ? session.cookie : undefined;
  if (typeof cookie !== 'object' || cookie === null || !('expires' in cookie)) return false;
  const { expires } = cookie;
  return (expires instanceof Date || typeof expires === 'string') && new Date(expires).getTime() <= now;
}
