import type { ClientConfig } from '../client-config.js';

/** A request's session, as push knows it: `request.pushSession`. */
export interface RequestSession {
  /** The channel that reaches this session and no other; undefined while it has none. */
  readonly channelId: string | undefined;
  /** The id of the user to whom the session is tied; undefined while it is nobody's. */
  readonly userId: string | undefined;
  /**
   * What the page of this session needs to receive its messages. It gives the session a channel, and ties it to the user who is
   * logged in. Call it before the response begins: what is new in a session is kept by a cookie.
   * @throws ConfigurationError when the response has begun, or the request has no session any more
   * @throws whatever the session adapter throws
   */
  clientConfig(): Promise<ClientConfig>;
}

// Merges with the types of Express where they are installed, and needs them nowhere.
declare global {
  namespace Express {
    interface Request {
      /** Made by `pushSession()` of pushrail. */
      pushSession: RequestSession;
    }
  }
}
