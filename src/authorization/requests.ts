import type { ChannelAuthorization } from '../backends/contract/authorization.js';
import type { UserId } from '../core/names.js';
import type { PushSession, PushUser } from '../sessions/adapter.js';

/** The client that asks. Only `socketId` may come from the client: everything else MUST come from the application. */
export interface AskingClient {
  /**
   * The client's socket id, such as `'1234.5678'`. Not needed with backends that know a client by its user, such as
   * PubNub.
   */
  readonly socketId?: string | undefined;
  /** The user who is logged in; null or undefined for nobody. */
  readonly user?: AppUser | null | undefined;
  /** The session of the client's page. */
  readonly session?: PushSession | undefined;
  /**
   * When the client asked, in milliseconds since the epoch: before the application looked up who is logged in. Whoever
   * was logged out since then, by `PushService.disconnect`, is refused.
   * @default now
   */
  readonly askedAt?: number | undefined;
}

/** What a sign-in tells of its user beside the id, with backends that speak Pusher's protocol. Others leave it out. */
export interface UserDetails {
  /**
   * Details that the other members of presence channels get to see when the subscription itself names no member:
   * anything that survives JSON.
   */
  readonly info?: unknown;
  /**
   * The ids of users whom the user watches, such as friends: `pusher.user.watchlist` of `pusher-js` hears when they
   * come and go. Pusher takes 100.
   */
  readonly watchlist?: readonly UserId[] | undefined;
}

/** A client's request to be signed in as its user. */
export interface SignInRequest extends AskingClient, UserDetails {}

/**
 * A client's request to subscribe. Without a rule, a session may subscribe to its own channel, and a user to the
 * channels of all the user's sessions.
 */
export interface SubscriptionRequest extends AskingClient {
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
