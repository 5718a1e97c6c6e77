import { type Identify, identifyUser, type PushUser, type SessionAdapter } from './adapter.js';

/** Options of {@link userChannels}. */
export interface UserChannelsOptions<User = PushUser> {
  /** Put before the user's id. @default '' */
  prefix?: string | undefined;
  /** A user's id. @default the user itself, or its `id` */
  identify?: Identify<User> | undefined;
}

/**
 * One channel for each user, made from the user's id: nothing is stored, and every user counts as live.
 * With the websocket backend, the prefix `#server-to-user-` reaches the connections that are signed in as the user.
 */
export function userChannels<User = PushUser>(options: UserChannelsOptions<User> = {}): SessionAdapter<User> {
  const { prefix = '', identify = identifyUser } = options;
  return {
    identify,
    channelsFor: async (users) => users.map((user) => [prefix + identify(user)]),
  };
}
