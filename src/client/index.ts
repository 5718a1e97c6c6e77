export type { ClientConfig } from '../wire/client-config.js';
export type { IncomingMessage, PushNotification } from '../wire/message.js';
export type { AuthOptions, AuthRequest, AuthValue } from './authorizer.js';
export type { ChannelMembers, MembersChange } from './channel-states.js';
export type { ChannelSubscription, ClientChannel } from './client-channel.js';
export type { ClientDriver, ClientDriverFactory, ClientDriverHost, ConnectionState } from './driver.js';
export type { OneSignalDriverOptions } from './drivers/onesignal/index.js';
export type { PubNubDriverOptions } from './drivers/pubnub/index.js';
export type {
  PubNubConstructorLike,
  PubNubEventLike,
  PubNubLike,
  PubNubStatusLike,
} from './drivers/pubnub/pubnub-like.js';
export type { PusherDriverOptions } from './drivers/pusher/index.js';
export type {
  PusherAuthHandler,
  PusherAuthOptions,
  PusherChannelLike,
  PusherConstructorLike,
  PusherJsOptions,
  PusherLike,
} from './drivers/pusher/pusher-like.js';
export { PushClientError, type PushClientErrorCode, type PushClientErrorOptions } from './errors.js';
export type { PushListener } from './events.js';
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
