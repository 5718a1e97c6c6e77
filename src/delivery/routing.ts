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
   * @returns a name, or a list of names: with an empty one, the user is reached by none. undefined: the first backend
   * @default the first backend for everybody
   * @example
   * PushService.configure({ backends, routes: (user) => (user.hasPhone ? ['live', 'mobile'] : 'live') });
   */
  routes?(user: PushUser, message: RoutedMessage): Awaitable<string | readonly string[] | undefined>;
}

/** Chooses the backends of a user. */
export type Routes = Required<RoutingSettings>['routes'];
