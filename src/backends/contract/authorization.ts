import type { UserId } from '../../core/names.js';

/** A member of a presence channel. */
export interface PresenceMember {
  /** The user's id. One user may hold several connections. */
  readonly id: string;
  /** Details that the other members get to see: anything that survives JSON. */
  readonly info?: unknown;
}

/** A member as the application names one. */
export interface GivenMember extends Omit<PresenceMember, 'id'> {
  /** The user's id; 42 and '42' are the same user. */
  readonly id: UserId;
}

/** The key that a member has in the place of `id`, as Pusher's libraries call it; undefined when it has none such. */
export function misnamedId(member: unknown): string | undefined {
  if (typeof member !== 'object' || member === null || 'id' in member) return undefined;
  return ['user_id', 'userId'].find((key) => key in member);
}

/** The answer that lets a client subscribe to a channel. The client hands it on to the provider. */
export interface ChannelAuthorization {
  readonly auth: string;
  /** The member of a presence channel, as JSON text. */
  readonly channel_data?: string;
  /** The key of an encrypted channel, in base64. */
  readonly shared_secret?: string;
}

/** The answer that signs a connection in as a user. The client hands it on to the provider. */
export interface UserAuthentication {
  readonly auth: string;
  /** The user, as JSON text. */
  readonly user_data: string;
}

/** A user to sign a connection in as. Backends leave out the details that their provider has no use for. */
export interface AuthenticatedUser {
  readonly id: string;
  /** Details that the other members of presence channels get to see, in Pusher's protocol. */
  readonly user_info?: unknown;
  /** The ids of users whom the user watches, in Pusher's protocol. */
  readonly watchlist?: readonly string[];
  readonly [detail: string]: unknown;
}

/** A user to sign a connection in as, as the application names one. */
export interface GivenUser {
  /** The user's id; 42 and '42' are the same user. */
  readonly id: UserId;
  /** Details that the other members of presence channels get to see: anything that survives JSON. */
  readonly user_info?: unknown;
  /** The ids of users whom the user watches. Pusher takes 100. */
  readonly watchlist?: readonly UserId[];
  readonly [detail: string]: unknown;
}

/** The state of a channel, as far as a backend knows it. */
export interface ChannelInfo {
  /** Whether anyone is subscribed. */
  readonly occupied: boolean;
  /** Number of connections that are subscribed; undefined where the backend does not count them. */
  readonly subscriptionCount?: number;
  /** Number of different users on a presence channel; undefined on others. */
  readonly userCount?: number;
}
