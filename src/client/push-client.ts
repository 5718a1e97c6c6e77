import type { ClientConfig } from '../client-config.js';
import type { IncomingMessage, PushNotification } from '../message.js';
import type { ClientDriver, ClientDriverFactory, ClientDriverHost, ConnectionState } from './driver.js';
import { createDriver } from './drivers.js';
import { Listeners } from './listeners.js';
import { isProtocolEvent } from './protocol-events.js';
import { PushClientError } from './push-client-error.js';
import type { PusherDriverOptions } from './pusher-driver.js';

/** Options of {@link PushClient}. */
export interface PushClientOptions extends PusherDriverOptions {
  /** A driver of one's own. @default the one for `config.backend` */
  readonly driver?: ClientDriverFactory | undefined;
}

/** Gets a message's data, and the message: `{ channel, event, data, id?, userId?, notification? }`. */
export type PushListener<Data = unknown> = (data: Data, message: IncomingMessage) => void;

interface Binding {
  /** Undefined for all events. */
  readonly event: string | undefined;
  readonly listener: unknown;
  readonly remove: () => void;
}

/**
 * Receives a page's messages in the browser.
 *
 * A subclass that overrides `subscribe` and `unsubscribe` and hands what arrives to `receiveMessage` brings its own
 * transport: no `pusher-js` and no driver is needed then. Its `subscribe` MUST be idempotent;
 * `super.subscribe(channel)` leaves a channel to the driver after all.
 *
 * @typeParam Events the data of each event: `new PushClient<{ 'order.shipped': { orderId: number } }>(config)`
 */
export class PushClient<Events extends object = Record<string, unknown>> implements ClientDriverHost {
  readonly #config: ClientConfig;
  readonly #options: PushClientOptions;
  readonly #bindings = new Set<Binding>();
  readonly #messageListeners = new Listeners<[message: IncomingMessage]>();
  readonly #stateListeners = new Listeners<[state: ConnectionState, previous: ConnectionState]>();
  readonly #errorListeners = new Listeners<[error: PushClientError]>();
  #channels: Set<string>;
  #driver: ClientDriver | undefined;
  #state: ConnectionState = 'initialized';
  #isActive = false;

  /**
   * @param config what `PushService.clientConfig(user)` returned on the server
   * @throws PushClientError when `config` is something else
   */
  constructor(config: ClientConfig, options: PushClientOptions = {}) {
    if (typeof config?.backend !== 'string' || !Array.isArray(config.channels)) {
      throw new PushClientError(
        'PushClient needs { backend, channels, … }: pass what PushService.clientConfig() returned on the server.',
        'CONFIGURATION',
      );
    }
    this.#config = config;
    this.#options = options;
    this.#channels = new Set(config.channels);
  }

  /** Where the connection stands. */
  get state(): ConnectionState {
    return this.#state;
  }

  /** Id of the connection, for the header `X-Socket-ID` and `send({ except })`; undefined when not connected. */
  get socketId(): string | undefined {
    return this.#driver?.socketId;
  }

  /**
   * Connects and subscribes to the channels of the configuration and to those asked for so far. Calling it again
   * changes nothing while connected, and tries anew after the connection was refused.
   * @throws PushClientError when there is no driver for the backend, or the driver lacks something (`pusher-js`, a key)
   */
  connect(): void {
    const driver = this.#hasOwnTransport() ? this.#driver : this.#useDriver();
    if (!driver && this.#isActive) return;
    this.#isActive = true;
    for (const channel of [...this.#channels]) this.subscribe(channel);
    driver?.connect();
    if (!this.#driver && (this.#state === 'initialized' || this.#state === 'disconnected'))
      this.receiveState('connected');
  }

  /**
   * Closes the connection. Listeners and channels are kept for a later `connect()`. Where a subclass has its own
   * transport, this calls `unsubscribe` for each channel that `connect()` subscribed to.
   */
  disconnect(): void {
    if (!this.#isActive) return;
    if (this.#hasOwnTransport()) {
      const channels = [...this.#channels];
      for (const channel of channels) this.unsubscribe(channel);
      this.#channels = new Set(channels);
    }
    this.#isActive = false;
    this.#driver?.disconnect();
    this.receiveState('disconnected');
  }

  /**
   * Subscribes to a channel, now or when {@link PushClient.connect} is called. Idempotent; for a channel that was
   * refused it tries again. A refusal goes to {@link PushClient.onError}.
   */
  subscribe(channel: string): void {
    if (typeof channel !== 'string' || channel === '')
      throw new TypeError('A channel must be a string that is not empty.');
    this.#channels.add(channel);
    if (!this.#isActive) return;
    const isNew = !this.#driver;
    const driver = this.#useDriver();
    driver.subscribe(channel);
    if (isNew) driver.connect();
  }

  /** Leaves a channel; nothing of it is received any more. Unknown channels are ignored. */
  unsubscribe(channel: string): void {
    this.#channels.delete(channel);
    this.#driver?.unsubscribe(channel);
  }

  /**
   * Calls the listener for each message with this event, on any channel; twice when it is bound twice.
   * Events of the protocol, such as `pusher:subscription_succeeded`, come too when bound by name.
   * @returns a function that removes this one binding
   */
  bind<Name extends keyof Events & string>(event: Name, listener: PushListener<Events[Name]>): () => void {
    return this.#bind(event, listener as PushListener<never>);
  }

  /**
   * Calls the listener for each message, whatever its event. Events of the protocol (`pusher:…`) are no messages and
   * do not come.
   * @returns a function that removes this one binding
   */
  bindAll(listener: PushListener<Events[keyof Events]>): () => void {
    return this.#bind(undefined, listener as PushListener<never>);
  }

  /**
   * Removes every binding of an event and listener, of an event, of a listener (`unbind(undefined, listener)`), or,
   * without arguments, all of them.
   */
  unbind<Name extends keyof Events & string>(event?: Name, listener?: PushListener<Events[Name]>): void {
    for (const binding of [...this.#bindings]) {
      if (event !== undefined && binding.event !== event) continue;
      if (listener !== undefined && binding.listener !== listener) continue;
      binding.remove();
    }
  }

  /** Calls the listener on each change of {@link PushClient.state}. Returns a function that removes it. */
  onStateChange(listener: (state: ConnectionState, previous: ConnectionState) => void): () => void {
    return this.#stateListeners.add(listener);
  }

  /**
   * Calls the listener with each error: a refused channel or sign-in, a lost or refused connection. Without any
   * listener they go to `console.warn`. Returns a function that removes it.
   */
  onError(listener: (error: PushClientError) => void): () => void {
    return this.#errorListeners.add(listener);
  }

  /**
   * Hands a message to the listeners, in the order in which they were bound. Called by the transport; never throws:
   * a listener that does is reported as an uncaught error and stops no other.
   */
  receiveMessage(message: IncomingMessage): void {
    const notification = message.notification ?? notificationIn(message.data);
    this.#messageListeners.call(notification === undefined ? message : { ...message, notification });
  }

  /** Changes {@link PushClient.state}. Called by the transport. */
  receiveState(state: ConnectionState): void {
    const previous = this.#state;
    if (state === previous) return;
    this.#state = state;
    this.#stateListeners.call(state, previous);
  }

  /** Hands an error to the listeners. Called by the transport. */
  receiveError(error: PushClientError): void {
    if (this.#errorListeners.size === 0) console.warn(error);
    else this.#errorListeners.call(error);
  }

  #hasOwnTransport(): boolean {
    return this.subscribe !== PushClient.prototype.subscribe;
  }

  #useDriver(): ClientDriver {
    this.#driver ??= this.#options.driver?.(this, this.#config) ?? createDriver(this, this.#config, this.#options);
    return this.#driver;
  }

  #bind(event: string | undefined, listener: PushListener<never>): () => void {
    if (typeof listener !== 'function') throw new TypeError(`A listener must be a function, not ${typeof listener}.`);
    const removeListener = this.#messageListeners.add((message) => {
      if (event === undefined ? isProtocolEvent(message.event) : message.event !== event) return;
      listener(message.data as never, message);
    });
    const binding: Binding = {
      event,
      listener,
      remove: () => {
        removeListener();
        this.#bindings.delete(binding);
      },
    };
    this.#bindings.add(binding);
    return binding.remove;
  }
}

/** Realtime backends send a notification beside the data, under the key `notification`. */
function notificationIn(data: unknown): PushNotification | undefined {
  if (typeof data !== 'object' || data === null || !('notification' in data)) return undefined;
  const { notification } = data;
  const isNotification =
    typeof notification === 'object' &&
    notification !== null &&
    'title' in notification &&
    typeof notification.title === 'string';
  return isNotification ? (notification as PushNotification) : undefined;
}
