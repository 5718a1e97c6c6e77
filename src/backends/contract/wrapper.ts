import { isMarked, UnsupportedOperationError } from '../../core/errors.js';
import type { Logger } from '../../core/logger.js';
import type { Awaitable } from '../../core/until-aborted.js';
import type { SessionAdapter } from '../../sessions/adapter.js';
import { memorySessions } from '../../sessions/memory.js';
import type { WebhookEvent } from '../../webhooks/event.js';
import type { WebhookRequest } from '../../webhooks/source.js';
import type { ClientConfig } from '../../wire/client-config.js';
import type { AddressedMessage, IncomingMessage, OutgoingMessage } from '../../wire/message.js';
import type {
  AuthenticatedUser,
  ChannelAuthorization,
  ChannelInfo,
  PresenceMember,
  UserAuthentication,
} from './authorization.js';
import { type BackendCapabilities, capabilitiesBy } from './capabilities.js';
import { HostSlot } from './host.js';
import {
  type BackendHost,
  type BackendMessageOptions,
  type ChannelResult,
  type EventParts,
  isResultOf,
  type RequestContext,
  withNotification,
} from './request.js';
import { type BackendSettings, type Credential, HeldSettings } from './settings.js';

export type * from './authorization.js';
export type * from './request.js';
export type * from './settings.js';

const brand: symbol = Symbol.for('pushrail.PushServiceWrapper');

/**
 * The contract of a backend: it talks to one provider. It MUST NOT know of users, sessions, stores
 * or retries; the stages before it do.
 *
 * A subclass needs {@link PushServiceWrapper.sendData} and, as a rule, a constructor; everything else
 * has a default. A method that fails MUST throw (a `PushError` where it knows better than the default,
 * which treats network errors as retryable and everything else as final).
 *
 * @typeParam Api the provider's own client, public as `api`, so that nothing of it is out of reach
 * @typeParam Options the backend's own options
 */
export abstract class PushServiceWrapper<Api = unknown, Options extends object = Record<string, unknown>> {
  readonly #settings: HeldSettings<Options>;
  readonly #slot = new HostSlot();

  /** The provider's own client. */
  declare api: Api;

  constructor(settings: BackendSettings<Options> = {}) {
    this.#settings = new HeldSettings(settings, () => this.name);
  }

  static {
    Object.defineProperty(PushServiceWrapper.prototype, brand, { value: true });
    Object.defineProperty(PushServiceWrapper.prototype, Symbol.for('nodejs.util.inspect.custom'), {
      value(this: AnyBackend): object {
        return this.toJSON();
      },
    });
  }

  /** Whether a value is a backend, also one made by another copy of this package. */
  static isWrapper(value: unknown): value is AnyBackend {
    return isMarked(value, brand);
  }

  /** Whether a value is a backend's class. */
  static isWrapperClass(value: unknown): value is PushServiceWrapperClass {
    return typeof value === 'function' && isMarked(value.prototype, brand);
  }

  /** The backend's name in errors, logs and the client's configuration. @default the class's name */
  get name(): string {
    return this.constructor.name;
  }

  /** @throws ConfigurationError when `appId` is not configured */
  get appId(): string {
    return this.#settings.credential('appId');
  }

  /** @throws ConfigurationError when `pubKey` is not configured */
  get pubKey(): string {
    return this.#settings.credential('pubKey');
  }

  /** @throws ConfigurationError when `subKey` is not configured */
  get subKey(): string {
    return this.#settings.credential('subKey');
  }

  /** @throws ConfigurationError when `secretKey` is not configured */
  get secretKey(): string {
    return this.#settings.credential('secretKey');
  }

  /** Whether to talk to the provider over TLS. @default true, or what the backend overrides this with */
  get useSsl(): boolean {
    return this.#settings.values.useSsl ?? this.useSslByDefault;
  }

  protected get useSslByDefault(): boolean {
    return true;
  }

  get options(): Options {
    return this.#settings.values.options ?? ({} as Options);
  }

  /**
   * To be called in the constructor, so that missing credentials show at `configure`.
   * @throws ConfigurationError naming every key that is missing
   */
  protected requireCredentials(...keys: Credential[]): void {
    this.#settings.require(keys);
  }

  /** What this backend can do. Override with `{ ...super.capabilities, … }`. */
  get capabilities(): BackendCapabilities {
    const base = PushServiceWrapper.prototype;
    return capabilitiesBy((method) => this[method] !== base[method]);
  }

  /** Sends one message to one channel. Returning means that the provider accepted it; a `ChannelResult` may say more. */
  protected abstract sendData(channel: string, message: OutgoingMessage, context: RequestContext): Promise<unknown>;

  /**
   * Sends one message to several channels in one request: never more than `maxChannelsPerRequest`.
   * Returns a result for each channel, or nothing when all were accepted. MUST throw only when the whole request failed.
   */
  protected sendBatch?(
    channels: readonly string[],
    message: OutgoingMessage,
    context: RequestContext,
    // biome-ignore lint/suspicious/noConfusingVoidType: a backend whose SDK answers for the whole request has nothing to return
  ): Promise<readonly ChannelResult[] | void>;

  /**
   * Sends different messages in one request: never more than `maxMessagesPerRequest`. Returns a result for
   * each, in their order, or nothing when all were accepted.
   */
  protected sendMessages?(
    messages: readonly AddressedMessage[],
    context: RequestContext,
    // biome-ignore lint/suspicious/noConfusingVoidType: as above
  ): Promise<readonly ChannelResult[] | void>;

  /**
   * Turns a message's `data` into JSON text, in place of the built-in way, which refuses what JSON would lose. MUST be pure.
   */
  stringify?(data: unknown): string;

  /**
   * Makes the event's payload as it goes on the wire; its size is held against `maxPayloadBytes`.
   * The default is `data` as JSON; a notification is added to it under the key `notification`. MUST be pure.
   */
  encode({ json, notification }: EventParts): string {
    return notification === undefined ? json : withNotification(json, notification);
  }

  /** Checks what only this backend knows of. MUST throw a `ValidationError` for what it does not take; the default takes anything. */
  checkMessage(_message: BackendMessageOptions): void {}

  /** Checks what depends on where a message goes, before anything is sent; of many channels, some at a time. MUST throw a `ValidationError`. */
  checkChannels(_channels: readonly string[], _message: OutgoingMessage): void {}

  /** One request of the delivery stage: one message to one or several channels. Not for applications: use `PushService.send`. */
  async deliver(
    channels: readonly string[],
    message: OutgoingMessage,
    context: RequestContext,
  ): Promise<readonly ChannelResult[]> {
    const [channel] = channels;
    if (channel !== undefined && channels.length === 1) {
      const result = await this.sendData(channel, message, context);
      return [isResultOf(channel, result) ? result : { channel }];
    }
    if (!this.sendBatch)
      throw new TypeError(`${this.name} takes one channel per request and was given ${channels.length}.`);
    return (await this.sendBatch(channels, message, context)) ?? channels.map((name) => ({ channel: name }));
  }

  /** One request of the delivery stage: different messages. Not for applications: use `PushService.sendMany`. */
  async deliverMessages(
    messages: readonly AddressedMessage[],
    context: RequestContext,
  ): Promise<readonly ChannelResult[]> {
    if (!this.sendMessages)
      throw new TypeError(`${this.name} takes one message per request and was given ${messages.length}.`);
    return (await this.sendMessages(messages, context)) ?? messages.map(({ channel }) => ({ channel }));
  }

  /** Makes the messages of a channel come in through {@link receive}. A second call for the same channel MUST change nothing. */
  async subscribe(channel: string): Promise<void> {
    throw this.unsupported(
      `subscribe to "${channel}"`,
      'override subscribe() and unsubscribe() and call this.receive(message)',
    );
  }

  /** Ends what {@link subscribe} began; unknown channels are ignored. */
  async unsubscribe(channel: string): Promise<void> {
    throw this.unsupported(`unsubscribe from "${channel}"`, 'override subscribe() and unsubscribe()');
  }

  /** Hands an incoming message to `messageReceived`. Never throws: a listener that does is logged and ends nothing. */
  receive(message: IncomingMessage): void {
    this.#slot.host?.receive(message);
  }

  /** Signs a client's subscription to a private or presence channel. @param _client its socket id, or what it has in place of one */
  authorizeChannel(_client: string, channel: string, _member?: PresenceMember): Awaitable<ChannelAuthorization> {
    throw this.unsupported(`authorise "${channel}"`, 'use a backend with private channels, such as websocket');
  }

  /** Lets a client use several channels by one answer, for providers that want one for all of them. @param _client as in `authorizeChannel` */
  authorizeChannels?(_client: string, channels: readonly string[]): Awaitable<ChannelAuthorization>;

  /** Signs a connection in as a user. @param _client as in `authorizeChannel` */
  authenticateUser(_client: string, _user: AuthenticatedUser): UserAuthentication {
    throw this.unsupported('sign users in', 'use a backend with user sign-in, such as websocket');
  }

  /**
   * Verifies a webhook of the provider and reads it. MUST throw an `AuthenticationError` for one that is not the provider's, or too old,
   * and a `ValidationError` for one that cannot be read; MUST compare signatures in constant time, over `rawBody`.
   */
  parseWebhook(_request: WebhookRequest): Awaitable<readonly WebhookEvent[]> {
    throw this.unsupported('read webhooks', 'override parseWebhook(request)');
  }

  async channelInfo(channel: string): Promise<ChannelInfo> {
    throw this.unsupported(`tell about "${channel}"`, 'use a backend that counts subscribers, such as websocket');
  }

  /** The ids of the users on a presence channel. */
  async channelUsers(channel: string): Promise<readonly string[]> {
    throw this.unsupported(`list the users of "${channel}"`, 'use a backend with presence channels, such as websocket');
  }

  /** What the browser needs to connect. MUST NOT hold a secret: everything in it is published. */
  clientConfig(): Omit<ClientConfig, 'backend' | 'channels'> {
    return {};
  }

  /** The backend that a page connects to, which chooses the client's driver. @default the backend's name */
  get clientBackend(): string {
    return this.name;
  }

  /** The session adapter that is used when the settings name none. */
  defaultSessions(): SessionAdapter {
    return memorySessions();
  }

  /** Called once before the first request; a backend that listens or connects does it here. Throws when it cannot. */
  async open(): Promise<void> {}

  /** Closes what this backend opened, and nothing that was handed to it. May be called twice. */
  async close(): Promise<void> {}

  /**
   * Ties the backend to the service that uses it, which gets what comes in; what it returns unties it. Called by the service.
   * @throws ConfigurationError when another service uses it
   */
  connect(host: BackendHost): () => void {
    return this.#slot.take(host, this.name);
  }

  protected get logger(): Logger {
    return this.#slot.logger;
  }

  protected unsupported(operation: string, advice: string): UnsupportedOperationError {
    const { name: backend } = this;
    return new UnsupportedOperationError(`The ${backend} backend cannot ${operation}: ${advice}.`, { backend });
  }

  /** The text with each of the settings' secrets replaced: for whatever leaves the process or is logged. */
  redact(text: string): string {
    return this.#settings.redact(text);
  }

  /** The settings that are not secret. */
  toJSON(): object {
    return this.#settings.shown();
  }
}

/** A backend's class, as `PUSH_SERVER.backend` takes it. */
export type PushServiceWrapperClass = new (settings: BackendSettings<never>) => AnyBackend;

/** A backend, whatever its client and options. */
export type AnyBackend = PushServiceWrapper<unknown, object>;
