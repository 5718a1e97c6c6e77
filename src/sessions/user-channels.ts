import { SERVER_TO_USER_PREFIX } from '../wire/pusher-names.js';
import type { Identify, PushUser, SessionAdapter } from './adapter.js';
import { recalling } from './recalled.js';

/** Options of {@link userChannels}. */
export interface UserChannelsOptions<User = PushUser> {
  /** Text before the user's id in a channel name. @default '' */
  prefix?: string | undefined;
  /** Returns the id of a user. @default identifyUser: the user itself, or its `id` */
  identify?: Identify<User> | undefined;
}

/**
 * A session adapter with one channel for each user, named after the user's id. It stores nothing, and every user counts
 * as reachable. Where the backend takes no such name, the channel's characters are encoded: the one of
 * `ann+1@example.com` ends in `ann=2B1@example.com`. With the websocket backend, the prefix `#server-to-user-` reaches
 * the connections that are signed in as the user.
 * @example
 * PushService.configure({ backend: 'pusher', sessions: userChannels({ prefix: 'private-user-' }) });
 * await PushService.send({ event: 'hello', users: 'ann', data: null }); // to the channel private-user-ann
 */
export function userChannels<User = PushUser>(options: UserChannelsOptions<User> = {}): SessionAdapter<User> {
  const { prefix = '' } = options;
  const { identify, recall } = recalling(options.identify);
  const named = (nameOf: (id: string) => string, recalls: (id: string) => unknown = recall): SessionAdapter<User> => ({
    identify,
    recall: recalls,
    channelsFor: async (users) => users.map((user) => [prefix + nameOf(identify(user))]),
  });
  return {
    ...named((id) => id),
    namedFor(takes) {
      // A copy of this adapter may have a `recall` of its own.
      const own = this.recall?.bind(this);
      // Behind this prefix the server itself knows the user by the id.
      if (prefix.startsWith(SERVER_TO_USER_PREFIX)) return named((id) => id, own);
      const fits = (id: string): boolean => takes(prefix + id);
      return named((id) => (isPlain(id, fits) ? id : encoded(id)), own);
    },
  };
}

/** Whether an id stands for itself: it fits, and is not what another id is encoded as. */
function isPlain(id: string, fits: (id: string) => boolean): boolean {
  if (!fits(id)) return false;
  const other = decoded(id);
  return other === id || encoded(other) !== id || isPlain(other, fits);
}

/** What an encoded id never holds: a `=` that could begin a code, a period at an end, and what some backend refuses. */
const special = /=(?=[\dA-F]{2})|^\.|\.$|[^A-Za-z0-9_\-=@.]/gu;

/** Writes special characters as the codes of their UTF-8 bytes: `+` is `=2B`. No two ids become one. */
function encoded(id: string): string {
  // Half a surrogate pair has no bytes. The backend refuses it.
  if (!id.isWellFormed()) return id;
  return id.replace(special, (character) =>
    Array.from(Buffer.from(character), (byte) => `=${byte.toString(16).toUpperCase().padStart(2, '0')}`).join(''),
  );
}

function decoded(id: string): string {
  return id.replace(/(?:=[\dA-F]{2})+/g, (codes) => Buffer.from(codes.replaceAll('=', ''), 'hex').toString());
}
