export { type PushSessionOptions, pushSession, type SessionMiddleware } from './push-session.js';
export type { RequestSession } from './request-session.js';
