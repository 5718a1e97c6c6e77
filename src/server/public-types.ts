// The embedded server's types that applications use. They name no type of Node or of another package, so nobody needs
// those types to use ours.

/**
 * The embedded server, as the application sees it in `backend.api`. It is the one of this process; with others that are
 * joined to it by a relay, each of them is a node.
 */
export interface WebSocketServerApi {
  /** Number of connections of the application in the settings, to all nodes. */
  connections(): Promise<number>;
  /** Number of them to this process. */
  readonly localConnections: number;
  /** Whether the connection with this socket id is one to this process: which node has a page. */
  isLocal(socketId: string): boolean;
  /** The names of the channels that somebody is subscribed to, on all nodes. */
  channels(): Promise<readonly string[]>;
  /**
   * Ends one connection with code 4009, after which `pusher-js` does not reconnect, whichever node has it.
   * @returns whether it was there
   */
  disconnect(socketId: string): Promise<boolean>;
  /**
   * Ends the connections that are signed in as a user, with code 4009, on all nodes.
   * @returns how many there were
   */
  disconnectUser(userId: string): Promise<number>;
  /**
   * The figures of this process's server, over all of its applications, in the text format that Prometheus reads. Each
   * name begins with `pushrail_`, so the text can be appended to that of another library. Counters only grow, also when
   * the backend is closed and opened again. No label names an application, a channel, a user or a connection.
   * @example
   * app.get('/metrics', (_request, response) => {
   *   response.set('Content-Type', backend.api.metricsContentType).send(backend.api.metrics());
   * });
   */
  metrics(): string;
  /**
   * Calls a listener at the end of each time in which this node heard nothing of other nodes, or not all. Its clients
   * have lost messages of such a time alone, so that is when they may have to load anew what they show.
   * @param listener what it throws is logged
   * @returns a function that ends it
   * @example
   * backend.api.onDeaf(({ since, until }) => alarm(`messages from ${since} to ${until} may be missing`));
   */
  onDeaf(listener: (span: DeafSpan) => void): () => void;
  /** The `Content-Type` of {@link metrics}. */
  readonly metricsContentType: string;
}

/** A time in which a node heard nothing of what others published through the relay, or not all. */
export interface DeafSpan {
  /** When the last proof began that everything was heard. */
  readonly since: Date;
  readonly until: Date;
  /** The part of all channels that was not heard: 1 for all, less where one of several Redis servers was away. */
  readonly share: number;
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
