// The types that an application sees of the embedded server. They need no other package's types, so nothing of Node's is in them.

/** `backend.api`: what the embedded server lets its own application see and do. */
export interface WebSocketServerApi {
  /** The application's connections that are there now. */
  readonly connectionCount: number;
  /** The channels that someone is subscribed to. */
  channels(): readonly string[];
  /** Ends one connection, which does not come back by itself (code 4009); returns whether it was there. */
  disconnect(socketId: string): boolean;
  /** Ends the connections that are signed in as a user (code 4009); returns how many there were. */
  disconnectUser(userId: string): number;
}

/**
 * What the backend needs of an HTTP server: `http.Server` and `https.Server` have it. Spelt out here so that this package's
 * types need those of no other.
 */
export interface HttpServerLike {
  on(event: string, listener: (...args: unknown[]) => void): unknown;
  removeListener(event: string, listener: (...args: unknown[]) => void): unknown;
  emit(event: string, ...args: unknown[]): boolean;
  listenerCount(event: string): number;
}

/** Where a server listens. */
export interface ListeningAddress {
  readonly host: string;
  readonly port: number;
}
