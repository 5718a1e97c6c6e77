import type { ClientConfig } from '../wire/client-config.js';
import type { IncomingMessage } from '../wire/message.js';
import { type ChannelMembers, ChannelStates, type MembersChange } from './channel-states.js';
import { type ChannelSource, type ChannelSubscription, ClientChannel } from './client-channel.js';
import type { ClientDriver, ClientDriverFactory, ClientDriverHost, ConnectionState } from './driver.js';
import { createDriver, type DriverOptions } from './drivers/create-driver.js';
import { PushClientError } from './errors.js';
import { Bindings, Listeners, type PushListener, withNotification } from './events.js';
import { fallbackOf } from './fallback.js';
import { checkChannel, WantedChannels } from './wanted-channels.js';

/** Options of {@link PushClient}. */
export interface PushClientOptions extends DriverOptions {
  /** Makes a driver of your own. @default the driver for `config.backend` */
  readonly driver?: ClientDriverFactory | undefined;
}

/**
 * Receives a page's messages in the browser.
 *
 * A subclass can bring a transport of its own. It overrides `subscribe`, which MUST be idempotent, and `unsubscribe`,
 * and passes messages to `receiveMessage`. It needs neither `pusher-js` nor a driver; `super.subscribe(channel)` uses
 * the driver all the same.
 *
 * @typeParam Events the data of each event: `new PushClient<{ 'order.shipped': { orderId: number } }>(config)`
 * @example
 * const client = new PushClient(config, { Pusher });
 * client.bind('order.shipped', ({ orderId }) => show(`Order ${orderId} is on its way`));
 * client.onError((error) => console.warn(error.code, error.message));
 * client.connect();
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
   * @param config the result of `PushService.clientConfig({ session })` on the server
   * @throws PushClientError `CONFIGURATION` when `config` is something else
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

  /** State of the connection. */
  get state(): ConnectionState {
    return this.#state;
  }

  /** Id of the connection, for the header `X-Socket-ID` and `send({ except })`; undefined when not connected. */
  get socketId(): string | undefined {
    return this.#driver?.socketId;
  }

  /**
   * Connects, and subscribes to the channels of the configuration and to those asked for so far. A second call changes
   * nothing while connected, and tries again after the connection was refused.
   * @throws PushClientError `CONFIGURATION` when the backend has no driver, or when the driver lacks its SDK or a key
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
   * Closes the connection. Listeners and channels are kept for a later `connect()`. With a transport of your own, this
   * calls `unsubscribe` for each channel that `connect()` subscribed to.
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
   * Subscribes to a channel, now or when {@link PushClient.connect} is called. A second call changes nothing, but tries
   * a refused channel again. {@link PushClient.onError} reports a refusal.
   * @throws TypeError when the channel is not a text, or is empty
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
   * Leaves a channel. None of its messages arrives any more, even if a {@link ClientChannel} has listeners. An unknown
   * channel is ignored.
   */
  unsubscribe(channel: string): void {
    this.#wanted.drop(channel);
    this.#driver?.unsubscribe(channel);
    this.#states.forget(channel);
    this.#clearMembers(channel);
  }

  /**
   * Makes a handle on one channel. Its listeners get the messages of that channel alone: the first listener subscribes
   * to it, and after the last one has gone it is left. Each call makes a new handle with bindings of its own.
   * @throws TypeError when the name is not a text, or is empty
   * @example
   * const room = client.channel('presence-room');
   * room.bind('message', ({ text }, { userId }) => show(userId, text));
   * room.onMembersChange((members) => count(members.size));
   * room.unbind(); // Removes the listener of `message`; that of the members stays.
   */
  channel<ChannelEvents extends object = Events>(name: string): ClientChannel<ChannelEvents> {
    checkChannel(name);
    return new ClientChannel(name, this.#channelSource);
  }

  /**
   * Calls the listener for each message with this event, on any channel. A listener that is bound twice is called
   * twice. An event of the protocol, such as `pusher:subscription_succeeded`, can be bound by its name as well.
   * @returns a function that removes this one binding
   * @throws TypeError when the listener is not a function
   * @example
   * const stop = client.bind('order.shipped', ({ orderId }, { channel }) => show(channel, orderId));
   * stop();
   */
  bind<Name extends keyof Events & string>(event: Name, listener: PushListener<Events[Name]>): () => void {
    return this.#bindings.add(event, listener as PushListener<never>);
  }

  /**
   * Calls the listener for each message, whatever its event. Events of the protocol (`pusher:…`) do not come.
   * @returns a function that removes this one binding
   * @throws TypeError when the listener is not a function
   */
  bindAll(listener: PushListener<Events[keyof Events]>): () => void {
    return this.#bindings.add(undefined, listener as PushListener<never>);
  }

  /**
   * Removes bindings of the client: those of an event and listener, of an event, of a listener
   * (`unbind(undefined, listener)`), or, without arguments, all of them. Bindings of a {@link ClientChannel} stay.
   */
  unbind<Name extends keyof Events & string>(event?: Name, listener?: PushListener<Events[Name]>): void {
    this.#bindings.remove(event, listener);
  }

  /**
   * Calls the listener at each change of {@link PushClient.state}.
   * @returns a function that removes the listener
   * @throws TypeError when the listener is not a function
   */
  onStateChange(listener: (state: ConnectionState, previous: ConnectionState) => void): () => void {
    return this.#stateListeners.add(listener);
  }

  /**
   * Calls the listener each time the server confirms a subscription, also when it was restored. That is the moment to
   * fetch what the page has missed.
   * @returns a function that removes the listener
   * @throws TypeError when the listener is not a function
   * @example
   * client.onSubscribed(({ channel, isResubscription }) => isResubscription && reload(channel));
   */
  onSubscribed(listener: (subscription: ChannelSubscription) => void): () => void {
    return this.#subscriptionListeners.add(listener);
  }

  /**
   * Calls the listener with each error: a refused channel or sign-in, a lost or refused connection. Without a listener,
   * errors go to `console.warn`.
   * @returns a function that removes the listener
   * @throws TypeError when the listener is not a function
   */
  onError(listener: (error: PushClientError) => void): () => void {
    return this.#errorListeners.add(listener);
  }

  /**
   * Passes a message to the listeners, in the order in which they were bound. The transport calls it. It never throws:
   * the error of a listener is reported as an uncaught error, and the other listeners are called all the same.
   */
  receiveMessage(message: IncomingMessage): void {
    this.#messageListeners.call(withNotification(message));
  }

  /** Changes {@link PushClient.state}. The transport calls it. */
  receiveState(reported: ConnectionState): void {
    const state = this.#driver?.follow?.(reported) ?? reported;
    const previous = this.#state;
    if (state === previous) return;
    this.#state = state;
    if (state !== 'connected') this.#states.lose();
    this.#stateListeners.call(state, previous);
    if (state === 'unavailable' || state === 'failed') void this.#fallBack();
  }

  /** Passes a confirmed subscription to the listeners. The transport calls it. */
  receiveSubscription(channel: string): void {
    const isResubscription = this.#states.confirm(channel);
    this.#subscriptionListeners.call({ channel, isResubscription });
  }

  /** Changes the members of a {@link ClientChannel}. The transport calls it with all members. */
  receiveMembers(channel: string, members: ChannelMembers): void {
    this.#memberListeners.call(channel, this.#states.setMembers(channel, members));
  }

  /** Passes an error to the listeners. The transport calls it. */
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

  /** Lets messages come by other means, while the driver does not get through. */
  async #fallBack(): Promise<void> {
    const driver = this.#driver;
    const fallback = driver && (await fallbackOf(driver));
    const state = this.#state;
    if (!fallback || this.#driver !== driver || !this.#isActive || state === 'connected') return;
    const [config, options, channels] = [this.#config, this.#options, this.#wanted];
    this.#driver = fallback({ driver, host: this, config, options, channels, state });
  }

  /**
   * Subscribes by the method that a subclass may override. Unlike a call of the page, this does not ask for the channel
   * by name.
   */
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
      // A part of the page that takes the place of another binds again in the same task: it misses nothing.
      queueMicrotask(() => {
        if (!this.#wanted.has(channel)) this.unsubscribe(channel);
      });
    };
  }

  #trigger(channel: string, event: string, data: unknown): boolean {
    if (this.#driver?.trigger) return this.#driver.trigger(channel, event, data);
    if (!this.#driver && !this.#hasOwnTransport()) return false;
    throw new PushClientError(
      `A page cannot send events with the backend "${this.#config.backend}": ask the application to send them.`,
      'UNSUPPORTED_OPERATION',
      { channel },
    );
  }

  #clearMembers(channel: string): void {
    if (this.#states.membersOf(channel).size > 0) this.receiveMembers(channel, new Map());
  }
}
