export { type NodeHandler, toNodeHandler } from './node-handler.js';
export type { PushHandlerOptions } from './options.js';
export { createPushHandler, type PushHandler } from './push-handler.js';
export { type PushSessionOptions, pushSession, type SessionMiddleware } from './push-session.js';
export type { NodeRequest, PushRequestContext, RequestSession } from './request.js';
export type { ResponseLike } from './response-steps.js';
