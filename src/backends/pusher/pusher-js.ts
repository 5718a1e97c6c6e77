import {
  hostOptions,
  hurriedDelay,
  type PusherAuthHandler,
  type PusherChannelLike,
  type PusherLike,
} from '../../wire/pusher-js.js';
import type { GivenSdk } from '../sdk/given-sdk.js';
import { loadSdk } from '../sdk/peer.js';

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
  /** The class of the package. @default the package is loaded */
  readonly PusherJs: GivenSdk | undefined;
}

/** Makes a client, which connects at once. @throws ConfigurationError when the package is missing */
export function createPusherJs(settings: PusherJsSettings): PusherJsClient {
  const { key, host, port, path, useTLS, authorize, PusherJs } = settings;
  const Pusher = (PusherJs ?? loadSdk('pusher-js', "the pusher backend's subscribe()", 'PusherJs')) as PusherJsClass;
  return new Pusher(key, {
    ...hostOptions(host, port, useTLS, path),
    channelAuthorization: { transport: 'ajax', endpoint: '', customHandler: authorize },
  });
}

/** Ends a client for good: the package would keep it for ever. */
export function endPusherJs(client: PusherJsClient): void {
  client.disconnect();
  const { instances } = client.constructor as PusherJsClass;
  const place = instances?.indexOf(client) ?? -1;
  if (place >= 0) instances?.splice(place, 1);
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
