import { type Identify, identifyUser, type PushUser, type SessionAdapter } from './adapter.js';

/** Options of {@link userChannels}. */
export interface UserChannelsOptions<User = PushUser> {
  /** Text before the user's id in a channel name. @default '' */
  prefix?: string | undefined;
  /** Returns the id of a user. @default identifyUser: the user itself, or its `id` */
  identify?: Identify<User> | undefined;
}

/**
 * A session adapter with one channel for each user, named after the user's id. It stores nothing, and every user counts
 * as reachable. With the websocket backend, the prefix `#server-to-user-` reaches the connections that are signed in as
 * the user.
 * @example
 * PushService.configure({ backend: 'pusher', sessions: userChannels({ prefix: 'private-user-' }) });
 * await PushService.send({ event: 'hello', users: 'ann', data: null }); // to the channel private-user-ann
 */
export function userChannels<User = PushUser>(options: UserChannelsOptions<User> = {}): SessionAdapter<User> {
  const { prefix = '', identify = identifyUser } = options;
  return {
    identify,
    channelsFor: async (users) => users.map((user) => [prefix + identify(user)]),
  };
}
