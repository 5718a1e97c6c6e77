import type { ChannelAuthorization } from '../backends/contract/authorization.js';
import type { PushSession, PushUser } from '../sessions/adapter.js';

/**
 * A client's request to be signed in as its user. Only `socketId` may come from the client: everything else MUST come
 * from the application.
 */
export interface SignInRequest {
  /**
   * The client's socket id, such as `'1234.5678'`. Not needed with backends that know a client by its user, such as
   * PubNub.
   */
  readonly socketId?: string | undefined;
  /** The user who is logged in; null or undefined for nobody. */
  readonly user?: AppUser | null | undefined;
  /** The session of the client's page. */
  readonly session?: PushSession | undefined;
}

/**
 * A client's request to subscribe. Without a rule, a session may subscribe to its own channel, and a user to the
 * channels of all the user's sessions.
 */
export interface SubscriptionRequest extends SignInRequest {
  /** One channel name. PubNub also takes a list of up to 100, because its clients need one answer for all of them. */
  readonly channel: string | readonly string[];
  /** The web `Request` that the rule gets. */
  readonly request?: Request | undefined;
}

/** The answer to a {@link SubscriptionRequest}, which the client passes to its provider. */
export interface SubscriptionGrant extends ChannelAuthorization {
  /** The channels that it allows, when the request named a list. */
  readonly channels?: readonly string[];
  /** The channels that it does not allow, when the request named a list. */
  readonly refused?: readonly string[];
}

/**
 * The types of the application. Declare them once, and every rule knows its user.
 * @example
 * declare module 'pushrail' {
 *   interface PushTypes { user: Customer }
 * }
 */
export interface PushTypes extends Record<never, never> {}

/** The user type of the application, which `authenticate` returns and rules get. @default PushUser */
export type AppUser = PushTypes extends { readonly user: infer User } ? User : PushUser;
