import type { IncomingMessage } from '../wire/message.js';
import type { ChannelMembers, ChannelStates, MembersChange } from './channel-states.js';
import { Bindings, checkListener, type Listeners, type PushListener } from './events.js';

/** A subscription that the server has confirmed. */
export interface ChannelSubscription {
  readonly channel: string;
  /**
   * Whether the channel was subscribed to before and not left since: the connection was lost, or closed and opened again, and
   * what was sent meanwhile may have been missed.
   */
  readonly isResubscription: boolean;
}

/** What a {@link ClientChannel} needs of its client. */
export interface ChannelSource {
  readonly messages: Listeners<[message: IncomingMessage]>;
  readonly subscriptions: Listeners<[subscription: ChannelSubscription]>;
  readonly members: Listeners<[channel: string, change: MembersChange]>;
  readonly states: ChannelStates;
  /** Subscribes to the channel, until the returned function is called. */
  hold(channel: string): () => void;
  trigger(channel: string, event: string, data: unknown): boolean;
}

/**
 * One channel, for one part of a page. The first listener subscribes to it. When the last one is removed, of all handles on the channel,
 * it is left at the end of the current task, unless it is in the client's configuration or was asked for by `client.subscribe`.
 */
export class ClientChannel<Events extends object = Record<string, unknown>> {
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
   * Who is on the channel: id → info, with this page's own user. Empty before the subscription is confirmed, and on all channels but the
   * presence channels of Pusher's protocol. A new map at each change.
   */
  get members(): ChannelMembers {
    return this.#source.states.membersOf(this.name);
  }

  /** As the client's `bind`, for messages of this channel alone. Returns a function that removes this one binding. */
  bind<Name extends keyof Events & string>(event: Name, listener: PushListener<Events[Name]>): () => void {
    return this.#bindings.add(event, listener as PushListener<never>, () => this.#source.hold(this.name));
  }

  /** As the client's `bindAll`, for messages of this channel alone. Returns a function that removes this one binding. */
  bindAll(listener: PushListener<Events[keyof Events]>): () => void {
    return this.#bindings.add(undefined, listener as PushListener<never>, () => this.#source.hold(this.name));
  }

  /** As the client's `unbind`, for the bindings of this handle alone. */
  unbind<Name extends keyof Events & string>(event?: Name, listener?: PushListener<Events[Name]>): void {
    this.#bindings.remove(event, listener);
  }

  /**
   * Sends an event to the other subscribers of the channel, past the application. Pusher's protocol: the name begins with `client-`, the
   * channel is private or presence, and ten a second at most; at more, the client’s `onError` hears of it.
   * @returns whether it was sent: not before the subscription is confirmed and not while the connection is lost. Nothing is kept for later,
   * and before `connect()` nothing is checked either
   * @throws TypeError for another name; PushClientError `UNSUPPORTED_OPERATION` for another channel, or where clients cannot send
   */
  trigger(event: string, data: unknown = null): boolean {
    return this.#source.trigger(this.name, event, data);
  }

  /** Calls the listener at each confirmed subscription to this channel. Returns a function that removes it. */
  onSubscribed(listener: (subscription: ChannelSubscription) => void): () => void {
    checkListener(listener);
    const remove = this.#source.subscriptions.add((subscription) => {
      if (subscription.channel === this.name) listener(subscription);
    });
    return this.#withHold(remove);
  }

  /**
   * Calls the listener with {@link ClientChannel.members} when somebody has come or gone, and when the subscription is there or back.
   * Returns a function that removes it.
   */
  onMembersChange(listener: (members: ChannelMembers, change: MembersChange) => void): () => void {
    checkListener(listener);
    const remove = this.#source.members.add((channel, change) => {
      if (channel === this.name) listener(this.members, change);
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
