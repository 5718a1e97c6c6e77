import { answerFrom, NOT_AUTHORISED } from '../backends/contract/ask.js';
import {
  type ChannelAuthorization,
  type ChannelInfo,
  type GivenMember,
  misnamedId,
} from '../backends/contract/authorization.js';
import type { AnyBackend } from '../backends/contract/wrapper.js';
import { ValidationError } from '../core/errors.js';
import { checkName, userIdText } from '../core/names.js';
import type { SendReport } from '../core/report.js';
import type { Awaitable } from '../core/until-aborted.js';
import { type SendOptions, type TriggerOptions, triggered } from '../delivery/send-options.js';

/** The parts of a push service that a handle uses. */
export interface ChannelHost {
  readonly backend: AnyBackend;
  /** How long the backend has for an answer, in milliseconds. */
  readonly timeout: number;
  ready(): Promise<void>;
  send(options: SendOptions): Promise<SendReport>;
  subscribe(channel: string): Promise<void>;
  unsubscribe(channel: string): Promise<void>;
}

/**
 * A handle for one channel, made by `PushService.channel(name)`. Making one sends nothing.
 * @example
 * const orders = PushService.channel('orders');
 * await orders.trigger('order.shipped', { orderId: 42 });
 * @typeParam Name the names of the setting `backends`
 */
export class ChannelHandle<Name extends string = string> {
  readonly name: string;
  readonly #service: ChannelHost;

  constructor(service: ChannelHost, name: string) {
    this.#service = service;
    this.name = name;
  }

  /**
   * Sends one event to the channel.
   * @param data @default an empty object
   * @param options those of `send`, such as `except`, or the socket id that must not receive it
   * @throws PushError in the cases of `PushService.send`
   * @example
   * await PushService.channel('orders').trigger('order.shipped', { orderId: 42 }, { except: request });
   */
  async trigger(event: string, data?: unknown, options?: TriggerOptions<Name> | string): Promise<SendReport> {
    return this.#service.send(triggered(this.name, event, data, options as TriggerOptions | string));
  }

  /**
   * Subscribes to the channel: its messages fire `messageReceived`.
   * @throws UnsupportedOperationError when the backend cannot receive
   */
  subscribe(): Promise<void> {
    return this.#service.subscribe(this.name);
  }

  /** Ends the subscription of `subscribe`. */
  unsubscribe(): Promise<void> {
    return this.#service.unsubscribe(this.name);
  }

  /** Asks whether anyone is subscribed, and how many. @throws UnsupportedOperationError when the backend cannot tell */
  async info(): Promise<ChannelInfo> {
    return this.#ask((backend) => backend.channelInfo(this.name), `tell about "${this.name}"`);
  }

  /**
   * Asks for the ids of the users on a presence channel.
   * @throws UnsupportedOperationError when the backend cannot tell
   */
  async users(): Promise<readonly string[]> {
    return this.#ask((backend) => backend.channelUsers(this.name), `list the users of "${this.name}"`);
  }

  /**
   * Signs a client's subscription to this private or presence channel. It asks no rule: check first that the user may
   * subscribe.
   * @param client the client's socket id; with PubNub, its user id
   * @param member the user that other members see; required on a presence channel
   * @returns the answer for the client
   * @throws ValidationError for a wrong socket id or member
   * @throws UnsupportedOperationError when the backend does not authorise
   */
  async authorize(client: string, member?: GivenMember): Promise<ChannelAuthorization> {
    const key = misnamedId(member);
    if (key !== undefined)
      throw new ValidationError(`A member has the key "id", not "${key}": authorize(socketId, { id, info }).`);
    const named = member && { ...member, id: userIdText(member.id) ?? '' };
    return this.#ask(
      (backend) => backend.authorizeChannel(client, this.name, named),
      `authorise "${this.name}"`,
      NOT_AUTHORISED,
    );
  }

  /** @param failure what the backend did not do when it does not answer, in words */
  async #ask<Answer>(
    question: (backend: AnyBackend) => Awaitable<Answer>,
    failure: string,
    consequence?: string,
  ): Promise<Answer> {
    await this.#service.ready();
    const { backend, timeout } = this.#service;
    checkName(this.name, 'channel', backend.capabilities.channelName, backend.name);
    return answerFrom(backend, timeout, question, failure, consequence);
  }
}
