import type { IncomingMessage } from '../wire/message.js';
import type { ChannelMembers, ChannelStates, MembersChange } from './channel-states.js';
import type { PushClientError } from './errors.js';
import {
  Bindings,
  checkListener,
  type EventData,
  type EventName,
  type Listeners,
  type PushListener,
} from './events.js';

/** A subscription that the server has confirmed. */
export interface ChannelSubscription {
  readonly channel: string;
  /**
   * Whether the channel was subscribed to before and not left since. The connection was lost, or closed and opened
   * again, and messages sent meanwhile may have been missed.
   */
  readonly isResubscription: boolean;
}

/** The parts of a client that its {@link ClientChannel}s use. */
export interface ChannelSource {
  readonly messages: Listeners<[message: IncomingMessage]>;
  readonly subscriptions: Listeners<[subscription: ChannelSubscription]>;
  readonly members: Listeners<[channel: string, change: MembersChange]>;
  readonly errors: Listeners<[error: PushClientError]>;
  readonly states: ChannelStates;
  /** Subscribes to the channel, until the returned function is called. */
  hold(channel: string): () => void;
  /** Sends an event to the channel's other subscribers. @returns whether it was sent */
  trigger(channel: string, event: string, data: unknown): boolean;
}

/** The events that a page can send on a channel. */
export type ClientEventName<Events extends object> = keyof Events & `client-${string}`;

/** The data of an event that a page sends. It may be left out where the event can be without. */
type TriggerData<Data> = null extends Data ? [data?: Data] : undefined extends Data ? [data?: Data] : [data: Data];

/**
 * A handle on one channel, for one part of a page. `PushClient.channel` makes it.
 *
 * The first listener of any handle on a channel subscribes to the channel. When the last listener is removed, the
 * client leaves the channel at the end of the current task. It does not leave a channel of its configuration or one
 * that `client.subscribe` asked for.
 *
 * @typeParam Events the data of each event, as for `PushClient`
 * @typeParam Info what the server's `authorize` tells of each member of a presence channel
 */
export class ClientChannel<Events extends object = Record<string, unknown>, Info = unknown> {
  readonly name: string;
  readonly #source: ChannelSource;
  readonly #bindings: Bindings;

  constructor(name: string, source: ChannelSource) {
    this.name = name;
    this.#source = source;
    this.#bindings = new Bindings(
      source.messages,
      ({ channel, subscription }) => channel === name || subscription === name,
    );
  }

  /** Whether the server has confirmed the subscription and the connection still stands. */
  get isSubscribed(): boolean {
    return this.#source.states.isSubscribed(this.name);
  }

  /**
   * The members of a presence channel: user id → info, this page's own user included. Empty before the subscription is
   * confirmed. Always empty on other channels, and with backends that do not speak Pusher's protocol. Each change makes
   * a new map.
   */
  get members(): ChannelMembers<Info> {
    return this.#source.states.membersOf(this.name) as ChannelMembers<Info>;
  }

  /**
   * Why the page is not subscribed to the channel: it was refused, or could not be asked about. Undefined before that,
   * and once the subscription is confirmed.
   */
  get error(): PushClientError | undefined {
    return this.#source.states.errorOf(this.name);
  }

  /**
   * Calls the listener for each message of this channel with this event. A listener that is bound twice is called
   * twice.
   * @returns a function that removes this one binding
   * @throws TypeError when the event is not a text, or the listener not a function
   * @example
   * const orders = client.channel('orders');
   * const stop = orders.bind('order.shipped', ({ orderId }) => show(orderId));
   * stop(); // The channel is left, unless it has other listeners.
   */
  bind<Name extends EventName<Events>>(event: Name, listener: PushListener<EventData<Events, Name>>): () => void {
    return this.#bindings.add(event, listener as PushListener<never>, () => this.#source.hold(this.name));
  }

  /**
   * Calls the listener for each message of this channel, whatever its event. Events of the protocol (`pusher:…`) do not
   * come.
   * @returns a function that removes this one binding
   * @throws TypeError when the listener is not a function
   */
  bindAll(listener: PushListener<Events[keyof Events]>): () => void {
    return this.#bindings.addAll(listener as PushListener<never>, () => this.#source.hold(this.name));
  }

  /**
   * Removes bindings of this handle: those of an event and listener, of an event, of a listener
   * (`unbind(undefined, listener)`), or, without arguments, all of them.
   */
  unbind<Name extends EventName<Events>>(event?: Name, listener?: PushListener<EventData<Events, Name>>): void {
    this.#bindings.remove(event, listener);
  }

  /**
   * Sends an event to the other subscribers of the channel; the application takes no part in it. Only Pusher's protocol
   * knows such events, on private and presence channels that are not encrypted. A page may send ten a second;
   * `client.onError` reports what exceeds that.
   * @param event a name that begins with `client-`
   * @returns whether the event was sent. It is not sent before the subscription is confirmed or while the connection is
   * lost, and it is not kept for later. Before `connect()` nothing is sent and nothing is checked.
   * @throws TypeError for another name, and for data that JSON loses, as `send` on the server; PushClientError
   * `UNSUPPORTED_OPERATION` for another channel, or for another backend
   */
  trigger<Name extends ClientEventName<Events>>(event: Name, ...data: TriggerData<Events[Name]>): boolean {
    const [sent = null] = data;
    return this.#source.trigger(this.name, event, sent);
  }

  /**
   * Calls the listener each time the server confirms the subscription to this channel, also when it was restored.
   * @returns a function that removes the listener
   * @throws TypeError when the listener is not a function
   */
  onSubscribed(listener: (subscription: ChannelSubscription) => void): () => void {
    checkListener(listener);
    const remove = this.#source.subscriptions.add((subscription) => {
      if (subscription.channel === this.name) listener(subscription);
    });
    return this.#withHold(remove);
  }

  /**
   * Calls the listener with {@link ClientChannel.members} and the change: when members join or leave, and when the
   * subscription is confirmed or restored.
   * @returns a function that removes the listener
   * @throws TypeError when the listener is not a function
   */
  onMembersChange(listener: (members: ChannelMembers<Info>, change: MembersChange) => void): () => void {
    checkListener(listener);
    const remove = this.#source.members.add((channel, change) => {
      if (channel === this.name) listener(this.members, change);
    });
    return this.#withHold(remove);
  }

  /**
   * Calls the listener with each {@link ClientChannel.error}. `client.onError` hears of it as well.
   * @returns a function that removes the listener
   * @throws TypeError when the listener is not a function
   */
  onError(listener: (error: PushClientError) => void): () => void {
    checkListener(listener);
    const remove = this.#source.errors.add((error) => {
      if (error.channel === this.name) listener(error);
    });
    return this.#withHold(remove);
  }

  #withHold(remove: () => void): () => void {
    const release = this.#source.hold(this.name);
    return () => {
      remove();
      release();
    };
  }
}
