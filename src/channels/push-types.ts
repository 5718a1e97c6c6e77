import type { PushUser } from '../sessions/session-adapter.js';

/**
 * The application's own types, for it to declare:
 * `declare module 'pushrail' { interface PushTypes { user: Customer } }`.
 */
export interface PushTypes extends Record<never, never> {}

/** A user as the application's `authenticate` returns it and as its rules get it. @default PushUser */
export type AppUser = PushTypes extends { readonly user: infer User } ? User : PushUser;
