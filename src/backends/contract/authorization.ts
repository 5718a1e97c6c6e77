/** A member of a presence channel. */
export interface PresenceMember {
  /** Identifies the user; one user may hold several connections. */
  readonly id: string;
  /** What the other members get to see: anything that survives JSON. */
  readonly info?: unknown;
}

/** The answer that lets a client subscribe. */
export interface ChannelAuthorization {
  readonly auth: string;
  readonly channel_data?: string;
  readonly shared_secret?: string;
}

/** The answer that signs a connection in as a user. */
export interface UserAuthentication {
  readonly auth: string;
  readonly user_data: string;
}

/** A user to sign a connection in as. */
export interface AuthenticatedUser {
  readonly id: string;
  readonly [detail: string]: unknown;
}

/** What a backend knows of a channel. */
export interface ChannelInfo {
  /** Whether anyone is subscribed. */
  readonly occupied: boolean;
  /** Connections that are subscribed, where the backend counts them. */
  readonly subscriptionCount?: number;
  /** Different users on a presence channel. */
  readonly userCount?: number;
}
