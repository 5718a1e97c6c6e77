export type { ClientConfig } from '../client-config.js';
export type { IncomingMessage, PushNotification } from '../message.js';
export type { AuthOptions, AuthRequest, AuthValue } from './authorizer.js';
export type { PushListener } from './bindings.js';
export type { ChannelMembers, MembersChange } from './channel-states.js';
export type { ChannelSubscription, ClientChannel } from './client-channel.js';
export type { ClientDriver, ClientDriverFactory, ClientDriverHost, ConnectionState } from './driver.js';
export type { OneSignalDriverOptions } from './onesignal-driver.js';
export type { PubNubConstructorLike, PubNubEventLike, PubNubLike, PubNubStatusLike } from './pubnub/pubnub-like.js';
export type { PubNubDriverOptions } from './pubnub-driver.js';
export { PushClient, type PushClientOptions } from './push-client.js';
export { PushClientError, type PushClientErrorCode, type PushClientErrorOptions } from './push-client-error.js';
export type {
  PusherAuthHandler,
  PusherAuthOptions,
  PusherChannelLike,
  PusherConstructorLike,
  PusherJsOptions,
  PusherLike,
} from './pusher/pusher-like.js';
export type { PusherDriverOptions } from './pusher-driver.js';
export {
  type AxiosLike,
  type AxiosRequestLike,
  addSocketId,
  type SocketIdFetchOptions,
  type SocketIdOptions,
  type SocketIdSource,
  socketIdFetch,
} from './socket-id-header.js';
