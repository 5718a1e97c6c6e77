import { loadPeer } from '../sdk/peer.js';

/** A channel of `pusher-js`, as far as it is used here. */
interface PusherJsChannel {
  bind_global(callback: (event: string, data: unknown) => void): unknown;
  subscriptionPending: boolean;
  readonly subscribed: boolean;
}

/** A client of `pusher-js`, as far as it is used here. */
export interface PusherJsClient {
  readonly connection: {
    readonly state: string;
    bind(event: string, callback: (data: unknown) => void): unknown;
  };
  connect(): void;
  disconnect(): void;
  channel(name: string): PusherJsChannel | undefined;
  subscribe(channel: string): PusherJsChannel;
  unsubscribe(channel: string): void;
  send_event(event: string, data: object): unknown;
}

/** A frame of the Channels protocol as `pusher-js` has read it. */
export interface PusherJsFrame {
  readonly event: string;
  readonly channel?: string;
  readonly data?: unknown;
  readonly user_id?: string;
}

/** Asks for a subscription's signature. */
export type Authorizer = (
  request: { socketId: string; channelName: string },
  callback: (error: Error | null, grant: object | null) => void,
) => void;

interface PusherJsClass {
  new (key: string, options: object): PusherJsClient;
  /** Every client that there ever was. */
  readonly instances?: PusherJsClient[];
}

/** Where the client connects to, and who signs. */
export interface PusherJsSettings {
  readonly key: string;
  readonly host: string;
  readonly port: number;
  readonly useTLS: boolean;
  readonly authorize: Authorizer;
}

/** Makes a client, which connects at once. @throws ConfigurationError when the package is missing */
export function createPusherJs({ key, host, port, useTLS, authorize }: PusherJsSettings): PusherJsClient {
  const Pusher = pusherJs();
  return new Pusher(key, {
    // The host says where to; without a cluster it throws.
    cluster: '',
    wsHost: host,
    wsPort: port,
    wssPort: port,
    forceTLS: useTLS,
    enabledTransports: ['ws'],
    enableStats: false,
    channelAuthorization: { transport: 'ajax', endpoint: '', customHandler: authorize },
  });
}

/** Ends a client for good: the package would keep it for ever. */
export function endPusherJs(client: PusherJsClient): void {
  client.disconnect();
  const { instances } = pusherJs();
  const place = instances?.indexOf(client) ?? -1;
  if (place >= 0) instances?.splice(place, 1);
}

function pusherJs(): PusherJsClass {
  return loadPeer<PusherJsClass>('pusher-js', "the pusher backend's subscribe()");
}

/**
 * Waits before a lost connection is tried again, in milliseconds; the last one repeats. On Node, `pusher-js` (8.6) does not notice that
 * a connection is refused, and would wait for 15 s each time.
 */
const delays = [1_000, 2_000, 4_000, 8_000];

/** Tries a connection that was lost again, until it is back. */
export class HurriedReconnection {
  readonly #tryAgain: () => void;
  #attempt = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(tryAgain: () => void) {
    this.#tryAgain = tryAgain;
  }

  /** To be called when the connection was lost; does nothing while it waits. */
  start(): void {
    if (this.#timer !== undefined) return;
    const delay = delays[Math.min(this.#attempt, delays.length - 1)] ?? 0;
    this.#attempt++;
    this.#timer = setTimeout(
      () => {
        this.#timer = undefined;
        this.#tryAgain();
        this.start();
      },
      // Spread, so that processes that lost the same server do not all come back in the same moment.
      delay * (0.5 + Math.random() / 2),
    );
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#attempt = 0;
  }
}
