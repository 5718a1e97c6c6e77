export { type NodeHandler, toNodeHandler } from './node-handler.js';
export { createPushHandler, type PushHandler } from './push-handler.js';
export type { PushHandlerOptions } from './push-handler-options.js';
export type { NodeRequest, PushRequestContext } from './push-request.js';
export { type PushSessionOptions, pushSession, type SessionMiddleware } from './push-session.js';
export type { RequestSession } from './request-session.js';
export type { ResponseLike } from './response-steps.js';
