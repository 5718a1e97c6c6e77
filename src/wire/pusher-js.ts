import { backoffDelay } from './backoff.js';

/** The part of a `pusher-js` channel that pushrail uses. */
export interface PusherChannelLike {
  bind_global(callback: (event: string, data: unknown) => void): unknown;
  trigger(event: string, data: unknown): boolean;
  subscriptionPending?: boolean;
  readonly subscribed?: boolean;
  /** On presence channels: the members, id → info. */
  readonly members?: { readonly members: Readonly<Record<string, unknown>> };
}

/** The part of a `pusher-js` instance that `PushClient` uses. */
export interface PusherLike {
  readonly connection: {
    readonly state: string;
    readonly socket_id: string;
    bind(event: string, callback: (data: unknown) => void): unknown;
    /** The connection that stands, and what it is made of. It is no part of the documented interface. */
    readonly connection?: {
      readonly transport?: {
        /** Adds a listener that is called before those of single events, for a frame with the browser's own event. */
        bind_global?(callback: (event: string, raw: { readonly data?: unknown } | undefined) => void): unknown;
      } | null;
    } | null;
  };
  readonly user: { bind(event: string, callback: (data: unknown) => void): unknown };
  connect(): void;
  disconnect(): void;
  subscribe(channel: string): PusherChannelLike;
  unsubscribe(channel: string): void;
  signin(): void;
  /** Sends a message of the protocol, if there is a connection. */
  send_event(event: string, data: object): unknown;
}

/** A message of Pusher's protocol as `pusher-js` has read it: the argument of its connection's event `message`. */
export interface PusherFrame {
  readonly event: string;
  readonly channel?: string;
  readonly data?: unknown;
  /** The sender of a client event on a presence channel. */
  readonly user_id?: string;
}

/**
 * The id of a recorded message, which stands at the end of its frame. `pusher-js` leaves it out of what it reads.
 * @param frame the text of a frame
 */
export function idInFrame(frame: unknown): string | undefined {
  return /,"id":"([^"\\]+)"}$/.exec(frame as string)?.[1];
}

/** Hands over the signature that the application gave, or the reason why there is none. */
export type PusherAuthCallback = (error: Error | null, answer: object | null) => void;

/** A function by which `pusher-js` gets a signature. */
export type PusherAuthHandler = (
  request: { readonly socketId: string; readonly channelName?: string },
  callback: PusherAuthCallback,
) => void;

/** The options of `pusher-js` that say where it connects to. */
export interface PusherConnectionOptions {
  readonly cluster: string;
  readonly wsHost?: string;
  readonly wsPort?: number;
  readonly wssPort?: number;
  readonly wsPath?: string | undefined;
  readonly forceTLS: boolean;
  readonly enabledTransports?: readonly string[];
}

/** Options of `pusher-js` for one host and one port. @param path stands before `/app/KEY` */
export function hostOptions(host: string, port: number, useTLS: boolean, path?: string): PusherConnectionOptions {
  return {
    // pusher-js insists on a cluster, though wsHost makes it meaningless.
    cluster: '',
    wsHost: host,
    wsPort: port,
    wssPort: port,
    wsPath: path,
    forceTLS: useTLS,
    // `ws` obeys forceTLS. `wss` would be tried in vain while the server is away: one port cannot serve both.
    // The HTTP transports belong to the hosted service.
    enabledTransports: ['ws'],
  };
}

/** Number of attempts after which {@link hurriedDelay} grows no more. */
export const HURRIED_ATTEMPTS = 4;

/**
 * The wait before a lost connection is tried again without waiting for `pusher-js`, in milliseconds: up to 1, 2, 4 and
 * 8 s. `pusher-js` (8.6) tries within a second and then only after 15, 30 and 60 s, which is too long for a server that
 * restarts. Each wait is shorter than the 10 s after which it reports `unavailable`.
 * @param attempt 0 for the first
 */
export function hurriedDelay(attempt: number): number {
  return backoffDelay(attempt, 1_000, 8_000);
}
