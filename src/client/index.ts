import { useDrivers } from './drivers/create-driver.js';
import { allDrivers } from './drivers/index.js';
import { useFallback } from './fallback.js';

export type { ClientConfig } from '../wire/client-config.js';
export type { IncomingMessage, PushNotification } from '../wire/message.js';
export type { PubNubEventLike, PubNubLike, PubNubStatusLike } from '../wire/pubnub-sdk.js';
export type { PusherAuthHandler, PusherChannelLike, PusherLike } from '../wire/pusher-js.js';
export type { AuthOptions, AuthRequest, AuthValue } from './authorizer.js';
export type { ChannelMembers, MembersChange } from './channel-states.js';
export type { ChannelSubscription, ClientChannel, ClientEventName } from './client-channel.js';
export type { ClientDriver, ClientDriverFactory, ClientDriverHost, ConnectionState, SdkModule } from './driver.js';
export type { OneSignalDriverOptions } from './drivers/onesignal/index.js';
export type { PubNubConstructorLike, PubNubDriverOptions } from './drivers/pubnub/index.js';
export type { PusherConstructorLike, PusherDriverOptions } from './drivers/pusher/index.js';
export type { PusherAuthOptions, PusherJsOptions } from './drivers/pusher/options.js';
export { PushClientError, type PushClientErrorCode, type PushClientErrorOptions } from './errors.js';
export type { EventData, EventName, ProtocolEvent, PushListener } from './events.js';
export { PushClient, type PushClientOptions } from './push-client.js';
export {
  type AxiosLike,
  type AxiosRequestLike,
  addSocketId,
  type SocketIdFetchOptions,
  type SocketIdOptions,
  type SocketIdSource,
  socketIdFetch,
} from './socket-id-header.js';

useDrivers(allDrivers);
useFallback(() => import('./drivers/event-stream/index.js'));
