export type { ClientConfig } from '../client-config.js';
export type { IncomingMessage, PushNotification } from '../message.js';
export type { ClientDriver, ClientDriverFactory, ClientDriverHost, ConnectionState } from './driver.js';
export { PushClient, type PushClientOptions, type PushListener } from './push-client.js';
export { PushClientError, type PushClientErrorCode, type PushClientErrorOptions } from './push-client-error.js';
export type { PusherDriverOptions } from './pusher-driver.js';
export type {
  PusherAuthOptions,
  PusherChannelLike,
  PusherConstructorLike,
  PusherJsOptions,
  PusherLike,
} from './pusher-like.js';
