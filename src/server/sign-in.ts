import {
  closeCode,
  protocolError,
  signinSuccess,
  WATCHLIST_LIMIT,
  type WatchlistEvent,
  watchlistEvents,
} from '../pusher-protocol/messages.js';
import { parseUser, parseWatchlist } from '../pusher-protocol/users.js';
import { isRecord } from '../wire/is-record.js';
import type { App } from './app.js';
import type { Connection } from './connection.js';

/**
 * Answers `pusher:signin`. A sign-in that is not allowed ends the connection, as at Pusher.
 * @returns the bytes that it sends to others
 */
export function signIn(app: App, connection: Connection, data: unknown): number | Promise<number> {
  const { auth, user_data: userData } = isRecord(data) ? data : {};
  if (typeof userData !== 'string' || !app.access.maySignIn({ socketId: connection.id, auth, userData })) {
    app.end(connection, closeCode.unauthorized, 'The sign-in is not authorised: its signature is missing or wrong');
    return 0;
  }
  const parsed = parseUser(userData, app.limits.maxEventBytes);
  if (typeof parsed === 'string') {
    app.end(connection, closeCode.unauthorized, parsed);
    return 0;
  }
  const { watchlist, ...user } = parsed;
  if (connection.user !== undefined && connection.user.id !== user.id) {
    connection.sendText(protocolError('The connection is signed in as another user already'));
    return 0;
  }
  if (!app.authorize(connection)) return 0;
  const { watched, problem } = readWatchlist(watchlist, app.limits.maxWatchedUsers);
  const confirm = (): void => {
    connection.sendText(signinSuccess(userData));
    if (problem !== undefined) connection.sendText(problem);
  };
  const tell = (events: readonly WatchlistEvent[]): void => connection.sendText(watchlistEvents(events));
  const signedIn = app.signIn(connection, user, watched);
  if (typeof signedIn === 'object') {
    return signedIn.then(async (bytes) => {
      confirm();
      if (watched.length > 0) tell(await app.stateOf(watched));
      return bytes;
    });
  }
  confirm();
  const state = watched.length > 0 ? app.stateOf(watched) : [];
  if (!('then' in state) && state.length > 0) tell(state);
  return signedIn;
}

/**
 * Reads a watch list. A wrong one, or one that is too long, is no reason to refuse the sign-in: of the latter the first
 * users are watched. Source: "pusher:signin" in the Channels protocol.
 * @returns the users to watch, and an error to send
 */
function readWatchlist(
  value: unknown,
  max: number,
): { readonly watched: readonly string[]; readonly problem?: string } {
  const ids = parseWatchlist(value);
  if (typeof ids === 'string') return { watched: [], problem: protocolError(`${ids}: nobody is watched`) };
  if (ids.length <= max) return { watched: ids };
  const text = `Watchlist limit exceeded. Only the first ${max} user IDs are accepted.`;
  return { watched: ids.slice(0, max), problem: protocolError(text, WATCHLIST_LIMIT) };
}
