import type { ClientConfig } from '../wire/client-config.js';
import { type ChannelSource, ClientChannel } from './client-channel.js';
import { ClientListeners } from './client-listeners.js';
import type { ClientDriver, ClientDriverFactory, ClientDriverHost, ConnectionState } from './driver.js';
import { createDriver, type DriverOptions } from './drivers/create-driver.js';
import { PushClientError } from './errors.js';
import { loadedFallback } from './fallback.js';
import { clientFor } from './static-calls.js';
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
export class PushClient<Events extends object = Record<string, unknown>> extends ClientListeners<Events> {
  readonly #options: PushClientOptions;
  readonly #wanted: WantedChannels;
  readonly #channelSource: ChannelSource;
  #config: ClientConfig;
  #driver: ClientDriver | undefined;
  #isActive = false;

  /**
   * @param config the result of `PushService.clientConfig({ session })` on the server
   * @throws PushClientError `CONFIGURATION` when `config` is something else
   */
  constructor(config: ClientConfig, options: PushClientOptions = {}) {
    super();
    checkConfig(config);
    this.#config = config;
    this.#options = options;
    this.#wanted = new WantedChannels(config.channels);
    this.#channelSource = {
      ...this.reports,
      hold: (channel) => this.#hold(channel),
      trigger: (channel, event, data) => this.#trigger(channel, event, data),
    };
  }

  /**
   * Resolves with the default client when its page hears what is sent to it: it is connected, and its channels are
   * subscribed to. Reading it connects the page, as {@link PushClient.bind} does. It rejects when the configuration or
   * the connection is refused; `PushClient.configure()` makes it anew.
   * @example
   * const client = await PushClient.ready;
   * client.channel('presence-room').onMembersChange((members) => count(members.size));
   */
  static get ready(): Promise<PushClient> {
    return clientFor('ready').ready as Promise<PushClient>;
  }

  /**
   * Gives the default client another configuration, as `configure` of a client does. Without an argument it fetches the
   * configuration anew, as after a log-in.
   * @returns {@link PushClient.ready}
   */
  static configure(config?: ClientConfig): Promise<PushClient> {
    return clientFor('configure()').configure(config) as Promise<PushClient>;
  }

  /** Id of the connection, for the header `X-Socket-ID` and `send({ except })`; undefined when not connected. */
  get socketId(): string | undefined {
    return this.#driver?.socketId;
  }

  /**
   * Connects, and subscribes to the channels of the configuration and to those asked for so far. A second call checks
   * a connection that seems to stand, and tries again after the connection was refused.
   * @throws PushClientError `CONFIGURATION` when the backend has no driver, or when the driver lacks its SDK or a key
   */
  connect(): void {
    const driver = this.#hasOwnTransport() ? this.#driver : this.#useDriver();
    if (!driver && this.#isActive) return;
    this.#isActive = true;
    for (const channel of this.#wanted) this.#join(channel);
    driver?.connect();
    if (!this.#driver && (this.state === 'initialized' || this.state === 'disconnected'))
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
   * Takes another configuration, as after a log-in in a page that stays. Listeners stay. Channels of the old
   * configuration are left, unless the page asked for them by name or listens to them; those of the new one are joined.
   * The connection is made anew only where the new configuration names another server or another user.
   * @throws PushClientError `CONFIGURATION`, before anything is changed, for what the constructor or
   * {@link PushClient.connect} refuses
   * @example
   * await fetch('/login', { method: 'POST', body });
   * client.configure(await (await fetch('/push/config')).json());
   */
  configure(config: ClientConfig): void {
    checkConfig(config);
    const before = this.#driver;
    const isKept = before === undefined || this.#servesToo(before, config);
    const driver = isKept ? before : this.#makeDriver(config);
    this.#config = config;
    const { left, joined } = this.#wanted.configure(config.channels);
    for (const channel of left) {
      if (this.#isActive || before) this.unsubscribe(channel);
      this.#forget(channel);
    }
    this.#driver = driver;
    if (!isKept) {
      before?.disconnect();
      if (this.#isActive) this.receiveState('connecting');
    }
    if (!this.#isActive) return;
    for (const channel of isKept ? joined : this.#wanted) this.#join(channel);
    if (!isKept) driver?.connect();
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
    this.#forget(channel);
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
  channel<ChannelEvents extends object = Events, Info = unknown>(name: string): ClientChannel<ChannelEvents, Info> {
    checkChannel(name);
    return new ClientChannel(name, this.#channelSource);
  }

  /** Changes {@link PushClient.state}. The transport calls it. */
  override receiveState(reported: ConnectionState): void {
    super.receiveState(this.#driver?.follow?.(reported) ?? reported);
    if (reported === 'unavailable' || reported === 'failed') void this.#fallBack();
  }

  #hasOwnTransport(): boolean {
    return this.subscribe !== PushClient.prototype.subscribe;
  }

  #useDriver(): ClientDriver {
    this.#driver ??= this.#makeDriver(this.#config);
    return this.#driver;
  }

  /** Lets messages come by other means, while the driver does not get through. */
  async #fallBack(): Promise<void> {
    const driver = this.#driver;
    const fallback = driver?.canFallBack && (await loadedFallback());
    if (!fallback || this.#driver !== driver || !this.#isActive || this.state === 'connected') return;
    this.#driver = fallback(driver, this, this.#config, this.#options, this.#wanted);
  }

  /** Makes a driver. It is heard as long as it is the client's. */
  #makeDriver(config: ClientConfig): ClientDriver {
    const pass = <Report extends unknown[]>(receive: (...report: Report) => void) => {
      return (...report: Report): void => {
        if (this.#driver === driver || this.#driver?.behind === driver) receive.apply(this, report);
      };
    };
    const host: ClientDriverHost = {
      receiveMessage: pass(this.receiveMessage),
      receiveState: pass(this.receiveState),
      receiveError: pass(this.receiveError),
      receiveSubscription: pass(this.receiveSubscription),
      receiveMembers: pass(this.receiveMembers),
    };
    const driver = this.#options.driver?.(host, config) ?? createDriver(host, config, this.#options);
    return driver;
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

  /** Whether a driver can go on with another configuration, which may name other channels. */
  #servesToo({ knowsChannels = true }: ClientDriver, config: ClientConfig): boolean {
    const { userId } = this.#config;
    // A visitor has subscribed to nothing in a user's name, so that logging in needs no other connection.
    const isOther = userId !== config.userId && (userId !== undefined || this.#options.signIn === true);
    const server = (of: ClientConfig): string =>
      JSON.stringify(Object.entries({ ...of, userId: 0, ...(knowsChannels && { channels: 0 }) }).sort());
    return !isOther && server(this.#config) === server(config);
  }

  #forget(channel: string): void {
    this.reports.states.forget(channel);
    this.clearMembers(channel);
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
}

/** @throws PushClientError `CONFIGURATION` for anything but a configuration */
function checkConfig(config: ClientConfig): void {
  if (typeof config?.backend === 'string' && Array.isArray(config.channels)) return;
  throw new PushClientError(
    'PushClient needs "backend" and "channels" in its configuration: pass what PushService.clientConfig() returned.',
    'CONFIGURATION',
  );
}
