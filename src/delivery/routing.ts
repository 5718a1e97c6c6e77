import type { Awaitable } from '../core/until-aborted.js';
import type { PushUser } from '../sessions/adapter.js';
import type { JsonValue, PushNotification } from '../wire/message.js';

/** A message as the setting `routes` sees it. */
export interface RoutedMessage {
  readonly event: string;
  /** A copy of the data, as JSON leaves it. */
  readonly data: JsonValue;
  readonly notification: PushNotification | undefined;
  readonly tag: string | undefined;
}

/** The setting `routes`: chooses the backends of a user. */
export interface RoutingSettings {
  /**
   * Chooses the backends that a user gets a message by, for messages whose `via` does not. It is asked for each user of
   * a message, and never for channels. With a message store it is asked again when a message is sent later or again. It
   * has the setting `timeout` for all users of a message.
   * @param user what `send` was given; an id as text, also a number. A recorded message keeps no more of a user than
   * the id: when it is sent later or again, `user` is the id as text, or what a `recall` of your own, of the first
   * backend's sessions, makes of it
   * @returns a name, or a list of names: with an empty one, the user is reached by none. undefined: the first backend
   * @default the first backend for everybody
   * @example
   * PushService.configure({ backends, routes: (user) => (phones.has(user) ? ['live', 'mobile'] : 'live') });
   */
  routes?(user: PushUser, message: RoutedMessage): Awaitable<string | readonly string[] | undefined>;
}

/** Chooses the backends of a user. */
export type Routes = Required<RoutingSettings>['routes'];
