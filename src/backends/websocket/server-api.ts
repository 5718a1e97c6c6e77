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
