// The embedded server's types that applications use. They name no type of Node or of another package, so nobody needs
// those types to use ours.

/** The embedded server of this process, as the application sees it in `backend.api`. */
export interface WebSocketServerApi {
  /** Number of connections of the application in the settings. */
  readonly connectionCount: number;
  /** The names of the channels that somebody is subscribed to. */
  channels(): readonly string[];
  /** Ends one connection with code 4009, after which `pusher-js` does not reconnect. Returns whether it was there. */
  disconnect(socketId: string): boolean;
  /** Ends the connections that are signed in as a user, with code 4009. Returns how many there were. */
  disconnectUser(userId: string): number;
}

/** An HTTP server that the backend can be attached to: an `http.Server` or `https.Server`. */
export interface HttpServerLike {
  on(event: string, listener: (...args: unknown[]) => void): unknown;
  removeListener(event: string, listener: (...args: unknown[]) => void): unknown;
  emit(event: string, ...args: unknown[]): boolean;
  listenerCount(event: string): number;
  /** When it is called, the backend sends away the clients that came through this server. */
  close(callback?: (error?: Error) => void): unknown;
}

/** The address that a server listens on. */
export interface ListeningAddress {
  /** An IP address. */
  readonly host: string;
  readonly port: number;
}
