import type { ChannelAuthorization } from '../backends/contract/authorization.js';
import type { PushSession, PushUser } from '../sessions/adapter.js';

/**
 * A client that asks to be signed in as its user, or for something else. Everything but `socketId` MUST come from the application, not from the
 * client.
 */
export interface SignInRequest {
  /** The client's connection, where the backend's clients have one. */
  readonly socketId?: string | undefined;
  /** Who is logged in, if anyone is. */
  readonly user?: AppUser | null | undefined;
  /** The session that asks. */
  readonly session?: PushSession | undefined;
}

/** A client that asks to subscribe. A session may subscribe to its own channel, and a user to those of all its sessions, without a rule. */
export interface SubscriptionRequest extends SignInRequest {
  /** A channel; or several, for a backend whose clients take one answer for all of them (PubNub). */
  readonly channel: string | readonly string[];
  /** Handed on to the rule. */
  readonly request?: Request | undefined;
}

/** The answer to a {@link SubscriptionRequest}; `channels` and `refused` where it was for several channels. */
export interface SubscriptionGrant extends ChannelAuthorization {
  /** Those that the answer is for. */
  readonly channels?: readonly string[];
  /** Those that it is not for. */
  readonly refused?: readonly string[];
}

/**
 * The application's own types, for it to declare:
 * `declare module 'pushrail' { interface PushTypes { user: Customer } }`.
 */
export interface PushTypes extends Record<never, never> {}

/** A user as the application's `authenticate` returns it and as its rules get it. @default PushUser */
export type AppUser = PushTypes extends { readonly user: infer User } ? User : PushUser;
