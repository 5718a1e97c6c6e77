import {
  hostOptions,
  hurriedDelay,
  type PusherAuthHandler,
  type PusherChannelLike,
  type PusherLike,
} from '../../wire/pusher-js.js';
import { loadPeer } from '../sdk/peer.js';

/** The part of a `pusher-js` instance that `subscribe` uses. */
export interface PusherJsClient extends PusherLike {
  channel(name: string): PusherChannelLike | undefined;
}

interface PusherJsClass {
  new (key: string, options: object): PusherJsClient;
  /** Every instance that was ever made. */
  readonly instances?: PusherJsClient[];
}

/** The address to connect to, and the function that signs subscriptions. */
export interface PusherJsSettings {
  readonly key: string;
  readonly host: string;
  readonly port: number;
  /** What stands before `/app/KEY`. */
  readonly path: string;
  readonly useTLS: boolean;
  readonly authorize: PusherAuthHandler;
}

/** Makes a client, which connects at once. @throws ConfigurationError when the package is missing */
export function createPusherJs({ key, host, port, path, useTLS, authorize }: PusherJsSettings): PusherJsClient {
  const Pusher = pusherJs();
  return new Pusher(key, {
    ...hostOptions(host, port, useTLS, path),
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
 * Tries a lost connection again until {@link HurriedReconnection.stop}. On Node, `pusher-js` (8.6) does not notice that
 * a connection is refused, and would wait for 15 s each time.
 */
export class HurriedReconnection {
  readonly #tryAgain: () => void;
  #attempt = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(tryAgain: () => void) {
    this.#tryAgain = tryAgain;
  }

  /** Begins to try when the connection is lost; does nothing while it waits. */
  start(): void {
    if (this.#timer !== undefined) return;
    this.#timer = setTimeout(
      () => {
        this.#timer = undefined;
        this.#tryAgain();
        this.start();
      },
      hurriedDelay(this.#attempt++),
    );
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#attempt = 0;
  }
}
