import { type AppKeys, channelText, isAuthorized, userText } from '../pusher-protocol/signature.js';

/** A client's request to subscribe to a private, encrypted or presence channel. */
export interface SubscriptionClaim {
  readonly socketId: string;
  readonly channel: string;
  /** The `auth` that the client sent, not checked yet. */
  readonly auth: unknown;
  /** The `channel_data` that the signature covers: on a presence channel, its member. */
  readonly channelData: string | undefined;
}

/** A client's request to be signed in as a user. */
export interface SignInClaim {
  readonly socketId: string;
  /** The `auth` that the client sent, not checked yet. */
  readonly auth: unknown;
  /** The `user_data` that the client sent. */
  readonly userData: string;
}

/**
 * Decides who a client is and which channels it may hear. The server asks it, and knows no rules of its own. Must not
 * throw.
 */
export interface ClientAccess {
  maySubscribe(claim: SubscriptionClaim): boolean;
  maySignIn(claim: SignInClaim): boolean;
}

/**
 * Allows what an application has signed: the application decided when it signed, and the server checks the signature.
 * Source: "Authentication and authorization signatures" in the Channels documentation.
 */
export function signedAccess(keys: AppKeys): ClientAccess {
  return {
    maySubscribe: ({ socketId, channel, auth, channelData }) =>
      isAuthorized(auth, channelText(socketId, channel, channelData), keys),
    maySignIn: ({ socketId, auth, userData }) => isAuthorized(auth, userText(socketId, userData), keys),
  };
}
