export { type NodeHandler, toNodeHandler } from './node-handler.js';
export type { PushHandlerOptions } from './options.js';
export { createPushHandler, type PushHandler } from './push-handler.js';
export { type PushSessionOptions, pushSession, type SessionMiddleware } from './push-session.js';
export type {
  NodeRequest,
  NodeRequestParts,
  PushRequestContext,
  PushRequestOrigin,
  RequestSession,
} from './request.js';
export type { ResponseLike } from './response-steps.js';
export type { SessionChannelOptions } from './session-context.js';
export { type WebPushSession, type WebPushSessionOptions, webPushSession } from './web-session.js';
