import { isBranded } from '../../core/errors.js';
import type { Awaitable } from '../../core/until-aborted.js';
import type { SessionAdapter } from '../../sessions/adapter.js';
import { memorySessions } from '../../sessions/memory.js';
import type { WebhookEvent } from '../../webhooks/event.js';
import type { WebhookHeaders, WebhookRequest } from '../../webhooks/source.js';
import type { ClientConfig } from '../../wire/client-config.js';
import type { AddressedMessage, OutgoingMessage } from '../../wire/message.js';
import type { ApiCommand, ApiParameters, ApiQuery } from './api-request.js';
import type {
  AuthenticatedUser,
  ChannelAuthorization,
  ChannelInfo,
  PresenceMember,
  UserAuthentication,
} from './authorization.js';
import { BackendBase } from './base.js';
import { type BackendCapabilities, defaultCapabilities } from './capabilities.js';
import type { Listener } from './listening.js';
import { type BackendMessageOptions, type EventParts, jsonWithNotification } from './message.js';
import type { RequestAnswer, RequestContext } from './request.js';
import type { BackendSettings } from './settings.js';
import type { SharedMemory } from './shared-memory.js';

const brand: symbol = Symbol.for('pushrail.PushServiceWrapper');

/**
 * The contract of a backend, which talks to one provider. A subclass needs {@link PushServiceWrapper.sendData} and, as
 * a rule, a constructor; all other methods have defaults.
 *
 * A backend MUST NOT know of users, sessions, stores or retries: the stages before it do. A method that fails MUST
 * throw. It throws a `PushError` where it knows better than the default, which treats network errors as retryable and
 * all others as final.
 *
 * @typeParam Api the provider's own client, public as `api`
 * @typeParam Options the backend's own options
 * @example
 * class PigeonService extends PushServiceWrapper<PigeonPost> {
 *   constructor(settings: BackendSettings) {
 *     super(settings);
 *     this.api = new PigeonPost(this.secretKey);
 *   }
 *
 *   protected async sendData(channel: string, message: OutgoingMessage, { signal }: RequestContext): Promise<void> {
 *     await this.api.fly(channel, message.payload, { signal });
 *   }
 * }
 */
export abstract class PushServiceWrapper<
  Api = unknown,
  Options extends object = Record<string, unknown>,
> extends BackendBase<Options> {
  /** The provider's own client, so that nothing of it is out of reach. */
  declare api: Api;

  static {
    Object.defineProperty(PushServiceWrapper.prototype, brand, { value: true });
  }

  /** Whether a value is a backend. Backends of another copy of this package are, too. */
  static isWrapper(value: unknown): value is AnyBackend {
    return isBranded(value, brand);
  }

  /** Whether a value is a backend's class. */
  static isWrapperClass(value: unknown): value is PushServiceWrapperClass {
    return typeof value === 'function' && isBranded(value.prototype, brand);
  }

  /** The backend's name in errors, logs and the client's configuration. @default the class's name */
  get name(): string {
    return this.constructor.name;
  }

  /** Whether to talk to the provider over TLS where the settings do not say. @default true */
  protected get useSslByDefault(): boolean {
    return true;
  }

  /**
   * The backend's abilities and limits. Override with `{ ...super.capabilities, … }`.
   * @default what the backend overrides, without a limit
   */
  get capabilities(): BackendCapabilities {
    const base = PushServiceWrapper.prototype;
    return defaultCapabilities((method) => this[method] !== base[method]);
  }

  /**
   * Sends one message to one channel. Returning means that the provider has accepted it.
   * @returns nothing, or a `ChannelResult`, whose `info` goes into the report. `{ skipped: 'already read' }` means that
   * nothing was sent, and why
   * @throws whatever failed; it becomes the channel's error in the report
   */
  protected abstract sendData(channel: string, message: OutgoingMessage, context: RequestContext): Promise<unknown>;

  /**
   * Sends one message to several channels in one request. MUST throw only when the whole request failed.
   * @param channels two or more, and never more than `maxChannelsPerRequest`
   * @returns a result for each channel, or nothing when all accepted
   */
  protected sendBatch?(
    channels: readonly string[],
    message: OutgoingMessage,
    context: RequestContext,
  ): Promise<RequestAnswer>;

  /**
   * Sends different messages in one request. MUST throw only when the whole request failed.
   * @param messages two or more, and never more than `maxMessagesPerRequest`
   * @returns a result for each message, in their order, or nothing when all were accepted
   */
  protected sendMessages?(messages: readonly AddressedMessage[], context: RequestContext): Promise<RequestAnswer>;

  /**
   * Turns a message's `data` into JSON text, in place of the built-in way, which refuses what JSON would lose. MUST be
   * pure.
   */
  stringify?(data: unknown): string;

  /**
   * Makes the event's payload as it goes on the wire; its size is checked against `maxPayloadBytes`. MUST be pure.
   * @default `data` as JSON, with a notification added under the key `notification`
   */
  encode({ json, notification }: EventParts): string {
    return notification === undefined ? json : jsonWithNotification(json, notification);
  }

  /**
   * Checks the parts of a message that only this backend knows.
   * @throws ValidationError for what the backend does not take
   */
  checkMessage(_message: BackendMessageOptions): void {}

  /**
   * Checks the channels of a message before anything is sent. Called several times for a long list, each time with a
   * part of it, which it MUST NOT change.
   * @throws ValidationError for what the backend does not take
   */
  checkChannels(_channels: readonly string[], _message: OutgoingMessage): void {}

  /** Makes a channel's messages come in through `receive`. A second call for the same channel MUST change nothing. */
  async subscribe(channel: string): Promise<void> {
    throw this.unsupported(
      `subscribe to "${channel}"`,
      'override subscribe() and unsubscribe() and call this.receive(message)',
    );
  }

  /** Ends a subscription. A channel that is not subscribed to MUST be ignored. */
  async unsubscribe(channel: string): Promise<void> {
    throw this.unsupported(`unsubscribe from "${channel}"`, 'override subscribe() and unsubscribe()');
  }

  /**
   * Signs a client's subscription to a private or presence channel.
   * @param _client the client's socket id, or its user's id where `capabilities.clientIs` is `'user'`
   */
  authorizeChannel(_client: string, channel: string, _member?: PresenceMember): Awaitable<ChannelAuthorization> {
    throw this.unsupported(`authorise "${channel}"`, 'use a backend with private channels, such as websocket');
  }

  /**
   * Lets a client use several channels by one answer, for providers that want one for all of them.
   * @param _client as in {@link authorizeChannel}
   */
  authorizeChannels?(_client: string, channels: readonly string[]): Awaitable<ChannelAuthorization>;

  /** Signs a connection in as a user. @param _client as in {@link authorizeChannel} */
  authenticateUser(_client: string, _user: AuthenticatedUser): Awaitable<UserAuthentication> {
    throw this.unsupported('sign users in', 'use a backend with user sign-in, such as websocket');
  }

  /**
   * Checks the headers of a webhook, before its body is read. So that nobody makes the process hold bodies without a
   * secret, it MAY throw what {@link parseWebhook} throws for these headers whatever the body is.
   * @default takes all headers
   */
  checkWebhookHeaders(_headers: WebhookHeaders): void {}

  /**
   * Verifies a webhook of the provider and reads it. MUST throw an `AuthenticationError` for one that is not the
   * provider's or is too old, and a `ValidationError` for one that cannot be read. MUST compare signatures in constant
   * time, over `rawBody`.
   */
  parseWebhook(_request: WebhookRequest): Awaitable<readonly WebhookEvent[]> {
    throw this.unsupported('read webhooks', 'override parseWebhook(request)');
  }

  /**
   * A memory that all processes with this backend share. Webhook events that were handled in one of them are not
   * handled in another one.
   * @default none: each process remembers what it has handled itself
   */
  get sharedMemory(): SharedMemory | undefined {
    return undefined;
  }

  /**
   * Hears that a client asks for permission, and for whom, before it is asked whether it may. A backend that ends
   * connections in {@link disconnect} notes it. It MUST forget the client when its connection ends, and MUST ignore one
   * without a connection: a client may claim any socket id.
   * @param client as in {@link authorizeChannel}
   */
  clientAsked?(client: string, who: Listener): void;

  /**
   * Ends what a user or a session hears through this backend, whether by connections or without, because they are
   * logged out. Connections SHOULD end so that their clients connect anew, and ask anew for private channels.
   * @param _who a user or a session, as `capabilities.disconnects` says
   * @returns how many connections were ended; undefined where the provider does not tell
   */
  disconnect(_who: Listener): Awaitable<number | undefined> {
    throw this.unsupported('end connections', 'use a backend that can, such as websocket');
  }

  /** Asks the provider for the state of a channel. */
  async channelInfo(channel: string): Promise<ChannelInfo> {
    throw this.unsupported(`tell about "${channel}"`, 'use a backend that counts subscribers, such as websocket');
  }

  /** Asks the provider for the ids of the users on a presence channel. */
  async channelUsers(channel: string): Promise<readonly string[]> {
    throw this.unsupported(`list the users of "${channel}"`, 'use a backend with presence channels, such as websocket');
  }

  /**
   * Asks the provider's HTTP API, where the backend has one that is common to several providers.
   * @returns the answer, parsed from JSON
   */
  async get(_query: string | ApiQuery, _params?: ApiParameters): Promise<unknown> {
    throw this.unsupported('ask an HTTP API', "use the provider's own client, which is the backend's api");
  }

  /** Posts JSON to the provider's HTTP API. The rest is as for {@link get}. */
  async post(_command: string | ApiCommand, _body?: object, _params?: ApiParameters): Promise<unknown> {
    throw this.unsupported('post to an HTTP API', "use the provider's own client, which is the backend's api");
  }

  /** The configuration that a browser needs to connect. MUST NOT hold a secret: all of it is published. */
  clientConfig(): Omit<ClientConfig, 'backend' | 'channels'> {
    return {};
  }

  /**
   * Whether `subscribe`, `unsubscribe`, `authorizeChannel`, `authorizeChannels`, `authenticateUser`, `disconnect`,
   * `channelInfo`, `channelUsers`, `get` and `post` end within a time of the backend's own, such as one of its options.
   * Then the service sets them no deadline.
   * @default false: each of them has the setting `timeout`, after which the service throws a `TimeoutError`
   */
  readonly hasOwnDeadlines: boolean = false;

  /** The name that chooses the client's driver in the page. @default the backend's name */
  get clientBackend(): string {
    return this.name;
  }

  /** Makes the session adapter that is used when the settings name none. @default sessions in memory */
  defaultSessions(): SessionAdapter {
    return memorySessions();
  }

  /** Listens or connects, if the backend does. Called once before the first request; it throws when it cannot. */
  async open(): Promise<void> {}

  /** Closes what this backend opened, and nothing that was handed to it. May be called twice. */
  async close(): Promise<void> {}
}

/** A backend's class, as `PUSH_SERVER.backend` takes it. */
export type PushServiceWrapperClass = new (settings: BackendSettings<never>) => AnyBackend;

/** Any backend, whatever its client and options. */
export type AnyBackend = PushServiceWrapper<unknown, object>;
