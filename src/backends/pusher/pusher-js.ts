import { AsyncLocalStorage } from 'node:async_hooks';
import { ConfigurationError } from '../../core/errors.js';
import {
  hostOptions,
  hurriedDelay,
  type PusherAuthHandler,
  type PusherChannelLike,
  type PusherLike,
} from '../../wire/pusher-js.js';
import { classIn, type GivenSdk } from '../sdk/given-sdk.js';
import { loadSdk } from '../sdk/peer.js';
import type { ProviderProxy } from '../sdk/provider-proxy.js';

/** The part of a `pusher-js` instance that `subscribe` uses. */
export interface PusherJsClient extends PusherLike {
  channel(name: string): PusherChannelLike | undefined;
}

interface PusherJsClass {
  new (key: string, options: object): PusherJsClient;
  /** Every instance that was ever made. */
  readonly instances?: PusherJsClient[];
  /** What the package does differently on Node than in a browser. */
  readonly Runtime?: {
    createWebSocket(url: string): object;
    getWebSocketAPI(): new (url: string, protocols: readonly string[], options: object) => object;
  };
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
  /** The proxy on the way. */
  readonly proxy: ProviderProxy | undefined;
}

/** Makes a client, which connects at once. @throws ConfigurationError when the package is missing */
export function createPusherJs(settings: PusherJsSettings): PusherJsClient {
  const { key, host, port, path, useTLS, authorize, PusherJs, proxy } = settings;
  const Pusher = (PusherJs ??
    classIn(loadSdk('pusher-js', "the pusher backend's subscribe()", 'PusherJs'), 'Pusher')) as PusherJsClass;
  const options = {
    ...hostOptions(host, port, useTLS, path),
    channelAuthorization: { transport: 'ajax', endpoint: '', customHandler: authorize },
  };
  if (proxy === undefined) return new Pusher(key, options);
  useProxies(Pusher);
  return throughProxy(proxy, () => new Pusher(key, options));
}

const proxies = new AsyncLocalStorage<ProviderProxy>();
const proxied = new WeakSet<object>();

/** Calls the package so that the connections that it opens, also later by its timers, go through a proxy. */
export function throughProxy<Result>(proxy: ProviderProxy | undefined, work: () => Result): Result {
  return proxy === undefined ? work() : proxies.run(proxy, work);
}

/**
 * Makes the package connect through the proxy of its asynchronous context. It has no option for that, though the
 * WebSocket client within it (`faye-websocket`) has.
 */
function useProxies({ Runtime }: PusherJsClass): void {
  if (Runtime === undefined)
    throw new ConfigurationError('This "pusher-js" cannot connect through a proxy: install 8.2 or later.', {
      backend: 'pusher',
    });
  if (proxied.has(Runtime)) return;
  proxied.add(Runtime);
  const direct = Runtime.createWebSocket;
  Runtime.createWebSocket = (url) => {
    const proxy = proxies.getStore();
    if (proxy === undefined) return direct.call(Runtime, url);
    return new (Runtime.getWebSocketAPI())(url, [], { proxy: { origin: proxy.url } });
  };
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
