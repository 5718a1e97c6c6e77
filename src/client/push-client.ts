import type { ClientConfig } from '../wire/client-config.js';
import { record } from '../wire/is-record.js';
import type { IncomingMessage, PushNotification } from '../wire/message.js';
import { type ChannelMembers, ChannelStates, type MembersChange } from './channel-states.js';
import { type ChannelSource, type ChannelSubscription, ClientChannel } from './client-channel.js';
import type { ClientDriver, ClientDriverFactory, ClientDriverHost, ConnectionState } from './driver.js';
import { createDriver, type DriverOptions } from './drivers/index.js';
import { PushClientError } from './errors.js';
import { Bindings, Listeners, type PushListener } from './events.js';
import { WantedChannels } from './wanted-channels.js';

/** Options of {@link PushClient}. */
export interface PushClientOptions extends DriverOptions {
  /** A driver of one's own. @default the one for `config.backend` */
  readonly driver?: ClientDriverFactory | undefined;
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
  readonly #messageListeners = new Listeners<[message: IncomingMessage]>();
  readonly #bindings = new Bindings(this.#messageListeners, () => true);
  readonly #stateListeners = new Listeners<[state: ConnectionState, previous: ConnectionState]>();
  readonly #errorListeners = new Listeners<[error: PushClientError]>();
  readonly #subscriptionListeners = new Listeners<[subscription: ChannelSubscription]>();
  readonly #memberListeners = new Listeners<[channel: string, change: MembersChange]>();
  readonly #states = new ChannelStates();
  readonly #wanted: WantedChannels;
  readonly #channelSource: ChannelSource;
  #driver: ClientDriver | undefined;
  #state: ConnectionState = 'initialized';
  #isActive = false;

  /**
   * @param config what `PushService.clientConfig({ session })` returned on the server
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
    this.#wanted = new WantedChannels(config.channels);
    this.#channelSource = {
      messages: this.#messageListeners,
      subscriptions: this.#subscriptionListeners,
      members: this.#memberListeners,
      states: this.#states,
      hold: (channel) => this.#hold(channel),
      trigger: (channel, event, data) => this.#trigger(channel, event, data),
    };
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
    for (const channel of this.#wanted) this.#join(channel);
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
      this.#wanted.keep(() => {
        for (const channel of this.#wanted) this.unsubscribe(channel);
      });
    }
    this.#isActive = false;
    this.#driver?.disconnect();
    // A listener may have connected again.
    if (!this.#isActive) this.receiveState('disconnected');
  }

  /**
   * Subscribes to a channel, now or when {@link PushClient.connect} is called. Idempotent; for a channel that was
   * refused it tries again. A refusal goes to {@link PushClient.onError}.
   */
  subscribe(channel: string): void {
    checkChannel(channel);
    this.#wanted.ask(channel);
    if (!this.#isActive) return;
    const isNew = !this.#driver;
    const driver = this.#useDriver();
    driver.subscribe(channel);
    if (isNew) driver.connect();
  }

  /**
   * Leaves a channel; nothing of it is received any more, also where a {@link ClientChannel} has listeners. Unknown channels are
   * ignored.
   */
  unsubscribe(channel: string): void {
    this.#wanted.drop(channel);
    this.#driver?.unsubscribe(channel);
    this.#states.forget(channel);
    this.#clearMembers(channel);
  }

  /**
   * A handle on one channel, whose listeners hear that channel alone, and which is left with the last of them. Each call makes a new
   * one: what is bound and unbound with one handle is nothing to the others.
   */
  channel<ChannelEvents extends object = Events>(name: string): ClientChannel<ChannelEvents> {
    checkChannel(name);
    return new ClientChannel(name, this.#channelSource);
  }

  /**
   * Calls the listener for each message with this event, on any channel; twice when it is bound twice.
   * Events of the protocol, such as `pusher:subscription_succeeded`, come too when bound by name.
   * @returns a function that removes this one binding
   */
  bind<Name extends keyof Events & string>(event: Name, listener: PushListener<Events[Name]>): () => void {
    return this.#bindings.add(event, listener as PushListener<never>);
  }

  /**
   * Calls the listener for each message, whatever its event. Events of the protocol (`pusher:…`) are no messages and
   * do not come.
   * @returns a function that removes this one binding
   */
  bindAll(listener: PushListener<Events[keyof Events]>): () => void {
    return this.#bindings.add(undefined, listener as PushListener<never>);
  }

  /**
   * Removes every binding of an event and listener, of an event, of a listener (`unbind(undefined, listener)`), or,
   * without arguments, all of them; not those of a {@link ClientChannel}.
   */
  unbind<Name extends keyof Events & string>(event?: Name, listener?: PushListener<Events[Name]>): void {
    this.#bindings.remove(event, listener);
  }

  /** Calls the listener on each change of {@link PushClient.state}. Returns a function that removes it. */
  onStateChange(listener: (state: ConnectionState, previous: ConnectionState) => void): () => void {
    return this.#stateListeners.add(listener);
  }

  /**
   * Calls the listener at each subscription that the server has confirmed, also at one that was restored: the moment to fetch what was
   * missed. Returns a function that removes it.
   */
  onSubscribed(listener: (subscription: ChannelSubscription) => void): () => void {
    return this.#subscriptionListeners.add(listener);
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
    if (state !== 'connected') this.#states.lose();
    this.#stateListeners.call(state, previous);
  }

  /** Hands a confirmed subscription to the listeners. Called by the transport. */
  receiveSubscription(channel: string): void {
    const isResubscription = this.#states.confirm(channel);
    this.#subscriptionListeners.call({ channel, isResubscription });
  }

  /** Changes the members of a {@link ClientChannel}. Called by the transport with all of them. */
  receiveMembers(channel: string, members: ChannelMembers): void {
    this.#memberListeners.call(channel, this.#states.setMembers(channel, members));
  }

  /** Hands an error to the listeners. Called by the transport. */
  receiveError(error: PushClientError): void {
    if (error.code === 'SUBSCRIPTION' && error.channel !== undefined) {
      this.#states.refuse(error.channel);
      this.#clearMembers(error.channel);
    }
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

  /** Subscribes by the method that a subclass may override, which does not make the channel one that was asked for. */
  #join(channel: string): void {
    const isAsked = this.#wanted.isAsked(channel);
    this.subscribe(channel);
    if (!isAsked) this.#wanted.unask(channel);
  }

  #hold(channel: string): () => void {
    const isNew = !this.#wanted.has(channel);
    const release = this.#wanted.hold(channel);
    if (isNew && this.#isActive) this.#join(channel);
    return () => {
      if (!release()) return;
      // Whoever binds again in the same task, as when a page's parts are exchanged, goes on without a gap.
      queueMicrotask(() => {
        if (!this.#wanted.has(channel)) this.unsubscribe(channel);
      });
    };
  }

  #trigger(channel: string, event: string, data: unknown): boolean {
    if (this.#driver?.trigger) return this.#driver.trigger(channel, event, data);
    if (!this.#driver && !this.#hasOwnTransport()) return false;
    throw new PushClientError(
      `A page cannot send events with the backend "${this.#config.backend}": send a request to the application, and let it send.`,
      'UNSUPPORTED_OPERATION',
      { channel },
    );
  }

  #clearMembers(channel: string): void {
    if (this.#states.membersOf(channel).size > 0) this.receiveMembers(channel, new Map());
  }
}

/** @throws TypeError for what is no name of a channel */
function checkChannel(channel: string): void {
  if (typeof channel !== 'string' || channel === '')
    throw new TypeError('A channel must be a string that is not empty.');
}

/** Realtime backends send a notification beside the data, under the key `notification`. */
function notificationIn(data: unknown): PushNotification | undefined {
  const { notification } = record(data);
  return typeof record(notification)['title'] === 'string' ? (notification as PushNotification) : undefined;
}
