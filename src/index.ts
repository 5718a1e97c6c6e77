export type { BackendCapabilities } from './backends/capabilities.js';
export { loadPeer } from './backends/peer.js';
export {
  type AnyBackend,
  type AuthenticatedUser,
  type BackendHost,
  type BackendMessageOptions,
  type BackendSettings,
  type ChannelAuthorization,
  type ChannelInfo,
  type ChannelResult,
  type Credential,
  type EventParts,
  type PresenceMember,
  PushServiceWrapper,
  type PushServiceWrapperClass,
  type RequestContext,
  type UserAuthentication,
} from './backends/push-service-wrapper.js';
export type { Channel } from './channel.js';
export type { ChannelDetails } from './channel-details.js';
export type { ChannelParams } from './channels/channel-pattern.js';
export type { ChannelRule, RuleContext } from './channels/channel-rules.js';
export type { AppUser, PushTypes } from './channels/push-types.js';
export type { SignInRequest, SubscriptionGrant, SubscriptionRequest } from './channels/subscription-request.js';
export type { ClientConfig } from './client-config.js';
export type { Audience, MessageOptions, RequestLike, SendOptions } from './delivery/send-options.js';
export { DeliveryError } from './delivery-error.js';
export {
  AbortError,
  AuthenticationError,
  ConfigurationError,
  type DeliveryOutcome,
  PushError,
  type PushErrorCode,
  type PushErrorOptions,
  RateLimitError,
  TimeoutError,
  UnsupportedOperationError,
  ValidationError,
} from './errors.js';
export type { Logger } from './logger.js';
export type { AddressedMessage, IncomingMessage, JsonValue, OutgoingMessage, PushNotification } from './message.js';
export type { NameRule } from './name-rule.js';
export { createPushService, PushService } from './push-service.js';
export type { MessageListener } from './receiving/inbox.js';
export type { RejectedChannel, SendReport, SendStatus } from './report.js';
export {
  type ExpressSessions,
  type ExpressSessionsOptions,
  expressSessions,
  type SessionLister,
} from './sessions/express-sessions.js';
export {
  type MemorySessions,
  type MemorySessionsOptions,
  memorySessions,
} from './sessions/memory-sessions.js';
export { type RedisLike, type RedisSessionsOptions, redisSessions } from './sessions/redis-sessions.js';
export {
  type Identify,
  identifyUser,
  isSessionStore,
  type PushSession,
  type PushUser,
  type SessionAdapter,
  type SessionStore,
  type StoredSession,
} from './sessions/session-adapter.js';
export { type UserChannelsOptions, userChannels } from './sessions/user-channels.js';
export type {
  ChildSettings,
  CompositeSettings,
  Credentials,
  PushServerSettings,
  ServiceSettings,
} from './settings/settings.js';
export type * from './webhooks/webhook-event.js';
export type { WebhookRequest } from './webhooks/webhook-request.js';
export type * from './webhooks/webhook-source.js';
