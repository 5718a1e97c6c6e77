/** Where a server of a Cluster is. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

export type CommandPart = string | Uint8Array;

/** What a link tells. */
export interface LinkEvents {
  /** Something was published to a channel that the link is subscribed to. */
  message(channel: string, payload: Buffer): void;
  /** The server has ended subscriptions that nobody asked it to end: a slot has moved away from it. */
  moved(): void;
}

/**
 * One connection to a Redis server, by a client of the application's library. It lives once: when it is lost, its user
 * makes another one. So nothing that was sent is sent again by the library. Errors of its promises are those of
 * `plain-errors.ts`.
 */
export interface Link {
  /** Sends a command, together with others of this turn of the event loop. Commands reach the server in their order. */
  send(command: readonly CommandPart[], isBinary?: boolean): Promise<unknown>;
  /** Resolves when the server has confirmed all of them. In a Cluster they must be in one slot. */
  subscribe(channels: readonly string[]): Promise<void>;
  unsubscribe(channels: readonly string[]): Promise<void>;
  readonly isOpen: boolean;
  /** Resolves with the reason when the connection is lost, or was ended. */
  readonly closed: Promise<Error>;
  /** Ends the connection at once. */
  destroy(reason?: Error): void;
}

/**
 * Makes a connection, which has answered before the promise resolves.
 * @param address the server; undefined where there is one alone
 * @param isSharded whether it subscribes by `SSUBSCRIBE`
 */
export type Dial = (events: LinkEvents, isSharded: boolean, address?: Address) => Promise<Link>;
