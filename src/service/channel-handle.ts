import type { ChannelAuthorization, ChannelInfo, PresenceMember } from '../backends/contract/authorization.js';
import { asPushError } from '../backends/contract/failure.js';
import type { AnyBackend } from '../backends/contract/wrapper.js';
import { checkName } from '../core/names.js';
import type { SendReport } from '../core/report.js';
import type { RequestLike, SendOptions } from '../delivery/send-options.js';

/** What a channel handle needs of its service. */
export interface ChannelHost {
  readonly backend: AnyBackend;
  ready(): Promise<void>;
  send(options: SendOptions): Promise<SendReport>;
  subscribe(channel: string): Promise<void>;
  unsubscribe(channel: string): Promise<void>;
}

/** A handle on one channel: `PushService.channel('orders')`. Making one sends nothing and costs nothing. */
export class Channel {
  readonly name: string;
  readonly #service: ChannelHost;

  constructor(service: ChannelHost, name: string) {
    this.#service = service;
    this.name = name;
  }

  /**
   * Sends one event to the channel.
   * @param options `except`: the connection that must not receive it
   * @throws PushError as `PushService.send` does
   */
  trigger(
    event: string,
    data: unknown,
    options: { except?: string | RequestLike | undefined } = {},
  ): Promise<SendReport> {
    return this.#service.send({ event, data, channels: this.name, except: options.except });
  }

  /** Makes the channel's messages fire `messageReceived`. @throws UnsupportedOperationError */
  subscribe(): Promise<void> {
    return this.#service.subscribe(this.name);
  }

  /** Ends what `subscribe` began. */
  unsubscribe(): Promise<void> {
    return this.#service.unsubscribe(this.name);
  }

  /** Whether anyone is subscribed, and how many. @throws UnsupportedOperationError */
  async info(): Promise<ChannelInfo> {
    return this.#ask((backend) => backend.channelInfo(this.name));
  }

  /** The ids of the users on a presence channel. @throws UnsupportedOperationError */
  async users(): Promise<readonly string[]> {
    return this.#ask((backend) => backend.channelUsers(this.name));
  }

  /**
   * Signs one client's subscription to this private or presence channel: the answer to the client's request for
   * authorisation. Check first that the user may.
   * @param client its socket id; with PubNub, its user id
   * @param member who subscribes; needed on a presence channel
   * @throws ValidationError for a socket id that is none; UnsupportedOperationError
   */
  authorize(client: string, member?: PresenceMember): Promise<ChannelAuthorization> {
    return this.#ask(async (backend) => backend.authorizeChannel(client, this.name, member));
  }

  async #ask<Answer>(question: (backend: AnyBackend) => Promise<Answer>): Promise<Answer> {
    await this.#service.ready();
    const { backend } = this.#service;
    checkName(this.name, 'channel', backend.capabilities.channelName, backend.name);
    try {
      return await question(backend);
    } catch (error) {
      throw asPushError(error, backend);
    }
  }
}
