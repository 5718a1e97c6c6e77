import type { IncomingMessage } from '../wire/message.js';
import { type ChannelMembers, ChannelStates, type MembersChange } from './channel-states.js';
import type { ChannelSource, ChannelSubscription } from './client-channel.js';
import type { ClientDriverHost, ConnectionState } from './driver.js';
import type { PushClientError } from './errors.js';
import { Bindings, type EventData, type EventName, Listeners, type PushListener, withNotification } from './events.js';
import { StaticCalls } from './static-calls.js';

/** What the listeners of a client and of its channels hear of. */
export interface ClientReports
  extends Pick<ChannelSource, 'messages' | 'subscriptions' | 'members' | 'errors' | 'states'> {}

/**
 * The part of `PushClient` that hands on what a transport reports: listeners are added to it, and the transport calls
 * its methods `receive…`.
 *
 * @typeParam Events the data of each event
 */
export class ClientListeners<Events extends object> extends StaticCalls implements ClientDriverHost {
  protected readonly reports: ClientReports = {
    messages: new Listeners<[message: IncomingMessage]>(),
    subscriptions: new Listeners<[subscription: ChannelSubscription]>(),
    members: new Listeners<[channel: string, change: MembersChange]>(),
    errors: new Listeners<[error: PushClientError]>(),
    states: new ChannelStates(),
  };
  readonly #bindings = new Bindings(this.reports.messages, () => true);
  readonly #stateListeners = new Listeners<[state: ConnectionState, previous: ConnectionState]>();
  readonly #errorListeners = new Listeners<[error: PushClientError]>();
  #state: ConnectionState = 'initialized';

  /** State of the connection. */
  get state(): ConnectionState {
    return this.#state;
  }

  /**
   * Calls the listener for each message with this event, on any channel. A listener that is bound twice is called
   * twice. An event of the protocol, such as `pusher:subscription_succeeded`, can be bound by its name as well.
   * @returns a function that removes this one binding
   * @throws TypeError when the event is not a text, or the listener not a function
   * @example
   * const stop = client.bind('order.shipped', ({ orderId }, { channel }) => show(channel, orderId));
   * stop();
   */
  bind<Name extends EventName<Events>>(event: Name, listener: PushListener<EventData<Events, Name>>): () => void {
    return this.#bindings.add(event, listener as PushListener<never>);
  }

  /**
   * Calls the listener for each message, whatever its event. Events of the protocol (`pusher:…`) do not come.
   * @returns a function that removes this one binding
   * @throws TypeError when the listener is not a function
   */
  bindAll(listener: PushListener<Events[keyof Events]>): () => void {
    return this.#bindings.addAll(listener as PushListener<never>);
  }

  /**
   * Removes bindings of the client: those of an event and listener, of an event, of a listener
   * (`unbind(undefined, listener)`), or, without arguments, all of them. Bindings of a {@link ClientChannel} stay.
   */
  unbind<Name extends EventName<Events>>(event?: Name, listener?: PushListener<EventData<Events, Name>>): void {
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
    return this.reports.subscriptions.add(listener);
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
    this.reports.messages.call(withNotification(message));
  }

  /** Changes {@link PushClient.state}. The transport calls it. */
  receiveState(state: ConnectionState): void {
    const previous = this.#state;
    if (state === previous) return;
    this.#state = state;
    if (state !== 'connected') this.reports.states.lose();
    this.#stateListeners.call(state, previous);
  }

  /** Passes a confirmed subscription to the listeners. The transport calls it. */
  receiveSubscription(channel: string): void {
    const isResubscription = this.reports.states.confirm(channel);
    this.reports.subscriptions.call({ channel, isResubscription });
  }

  /** Changes the members of a {@link ClientChannel}. The transport calls it with all members. */
  receiveMembers(channel: string, members: ChannelMembers): void {
    this.reports.members.call(channel, this.reports.states.setMembers(channel, members));
  }

  /** Passes an error to the listeners. The transport calls it. */
  receiveError(error: PushClientError): void {
    const { code, channel, isTemporary } = error;
    if (code === 'SUBSCRIPTION' && channel !== undefined) {
      this.reports.states.fail(channel, error);
      if (!isTemporary) this.clearMembers(channel);
      this.reports.errors.call(error);
    }
    if (this.#errorListeners.size === 0) console.warn(error);
    else this.#errorListeners.call(error);
  }

  protected clearMembers(channel: string): void {
    if (this.reports.states.membersOf(channel).size > 0) this.receiveMembers(channel, new Map());
  }
}
