export type {
  AppUser,
  AskingClient,
  PushTypes,
  SignInRequest,
  SubscriptionGrant,
  SubscriptionRequest,
  UserDetails,
} from './authorization/requests.js';
export type { ChannelRule, RuleContext, RuleOptions } from './authorization/rules.js';
export type { ChildSettings, CompositeSettings } from './backends/built-in.js';
export type { ApiCommand, ApiParameters, ApiQuery } from './backends/contract/api-request.js';
export type {
  AuthenticatedUser,
  ChannelAuthorization,
  ChannelInfo,
  GivenMember,
  GivenUser,
  PresenceMember,
  UserAuthentication,
} from './backends/contract/authorization.js';
export { BatchServiceWrapper } from './backends/contract/batch-wrapper.js';
export type { BackendCapabilities } from './backends/contract/capabilities.js';
export type { BackendHost } from './backends/contract/host.js';
export type { Listener, ListenRequest } from './backends/contract/listening.js';
export type { BackendMessageOptions, EventParts } from './backends/contract/message.js';
export type { ChannelResult, RequestAnswer, RequestContext } from './backends/contract/request.js';
export type { BackendSettings, Credential, Credentials } from './backends/contract/settings.js';
export type { SharedMemory } from './backends/contract/shared-memory.js';
export { type AnyBackend, PushServiceWrapper, type PushServiceWrapperClass } from './backends/contract/wrapper.js';
export type { Lasting } from './core/call-options.js';
export type { ChannelParams } from './core/channel-pattern.js';
export type { Clock } from './core/clock.js';
export type { Duration } from './core/durations.js';
export {
  AbortError,
  AuthenticationError,
  ConfigurationError,
  type DeliveryOutcome,
  PushError,
  type PushErrorClass,
  type PushErrorCode,
  type PushErrorOptions,
  RateLimitError,
  TimeoutError,
  UnsupportedOperationError,
  ValidationError,
} from './core/errors.js';
export type { Logger } from './core/logger.js';
export type { NameRule } from './core/names.js';
export { loadPeer } from './core/peer.js';
export type { BackendReport, RejectedChannel, SendReport, SendStatus, SkippedChannel } from './core/report.js';
export { DeliveryError } from './core/report.js';
export type { RecordingOptions, RelatedTo, When } from './delivery/recording-options.js';
export type { RoutedMessage, Routes } from './delivery/routing.js';
export type {
  Audience,
  CallOptions,
  MessageOptions,
  RequestLike,
  SendOptions,
  TriggerOptions,
} from './delivery/send-options.js';
export type * from './messages/record.js';
export type { RecordingSettings, WorkerSettings } from './messages/settings.js';
export { type EndState, endStates, type MessageState, messageStates, transitions } from './messages/states.js';
export type * from './messages/store.js';
export type * from './messages/template-store.js';
export type { NewQueueJob, Queue, QueueJob } from './queues/queue.js';
export type { MessageListener } from './receiving/inbox.js';
export type { StreamEnd, StreamFrame, StreamReader } from './receiving/streams.js';
export type { Condition, ConditionOptions } from './recording/conditions.js';
export type { MessageEventListener, MessageEventName } from './recording/events.js';
export type { MessagePage, MessageQuery, PageOptions, PurgeQuery, ReadBy } from './recording/message-archive.js';
export type * from './server/relay/relay.js';
export type { ChannelHandle } from './service/channel-handle.js';
export type { BackendsByName } from './service/configured-service.js';
export { createPushService, PushService } from './service/default-service.js';
export type { OpenStream, StreamRequest, StreamTokenOptions } from './service/listening.js';
export type { Messages } from './service/messages.js';
export type {
  BatchCounts,
  BatchEnd,
  BatchOptions,
  BatchProgress,
  BatchResult,
  RunningWorker,
  WorkerState,
  WorkOptions,
} from './service/recording-service.js';
export type { StoredTemplates } from './service/stored-templates.js';
export {
  type AddSessionOptions,
  type Identify,
  identifyUser,
  isSessionStore,
  type PushSession,
  type PushUser,
  type SessionAdapter,
  type SessionStore,
  type StoredSession,
} from './sessions/adapter.js';
export {
  type ExpressSessions,
  type ExpressSessionsOptions,
  expressSessions,
  type SessionLister,
} from './sessions/express.js';
export {
  type MemorySessions,
  type MemorySessionsOptions,
  memorySessions,
} from './sessions/memory.js';
export type { PageOwner } from './sessions/page-owner.js';
export { type RedisLike, type RedisSessionsOptions, redisSessions } from './sessions/redis.js';
export { type UserChannelsOptions, userChannels } from './sessions/user-channels.js';
export type { BackendEntry, PushServerSettings, ServiceSettings, SeveralBackends } from './settings/settings.js';
export type { TemplateOptions } from './templates/code-templates.js';
export type { TemplateContext, TemplateDefinition, TemplateParts } from './templates/definition.js';
export type {
  ForUser,
  OwnTemplateOptions,
  SharedTemplateOptions,
  TemplateMessageOptions,
  TemplateReports,
  TemplateSendOptions,
} from './templates/options.js';
export { PushTemplate } from './templates/push-template.js';
export type { SavedTemplate, TemplateList, TemplateListOptions, TemplateToSave } from './templates/saved.js';
export type { AnyTemplate, RenderedTemplate } from './templates/template.js';
export type * from './webhooks/event.js';
export type * from './webhooks/source.js';
export type { WebhookHeaders, WebhookRequest } from './webhooks/source.js';
export type { ClientConfig } from './wire/client-config.js';
export type {
  AddressedMessage,
  ChannelDetails,
  IncomingMessage,
  JsonValue,
  OutgoingMessage,
  PushNotification,
} from './wire/message.js';
