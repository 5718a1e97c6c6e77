import { ConfigurationError, ValidationError } from '../../core/errors.js';
import type { WebhookEvent } from '../../webhooks/event.js';
import type { WebhookHeaders, WebhookRequest } from '../../webhooks/source.js';
import { checkSecret, WEBHOOK_SECRET_ADVICE } from '../../webhooks/verify.js';
import type { ClientConfig } from '../../wire/client-config.js';
import type { OutgoingMessage } from '../../wire/message.js';
import { envelopeJson, type PubNubMessage, signalOf } from '../../wire/pubnub-envelope.js';
import type { AboutBackend } from '../contract/about.js';
import type { ChannelAuthorization, ChannelInfo, PresenceMember } from '../contract/authorization.js';
import type { BackendCapabilities } from '../contract/capabilities.js';
import type { BackendHost } from '../contract/host.js';
import type { BackendMessageOptions, EventParts } from '../contract/message.js';
import type { ChannelResult, RequestContext } from '../contract/request.js';
import type { BackendSettings } from '../contract/settings.js';
import { PushServiceWrapper } from '../contract/wrapper.js';
import type { PubNubClient, PubNubPublished } from './client.js';
import { failureOf, refusalIn, refusalOfQuery, refusedSubscriptions } from './failure.js';
import { type HistoryRange, historyParameters, messagesOf } from './history.js';
import { checkMessageOptions, checkSizes } from './message-options.js';
import { channelName, checkGroup, checkPublishable, MAX_PRESENCE_COUNT, maxBytesBeforeEncryption } from './names.js';
import {
  type CheckedOptions,
  checkOptions,
  isPubNubUserId,
  type PubNubOptions,
  withoutCredentials,
} from './options.js';
import { SdkCalls } from './sdk-calls.js';
import { type ConnectionPool, closeIdleConnections, connectionPool, sdkClient, serviceAddress } from './sdk-client.js';
import { Subscriber, type SubscriptionFailure } from './subscriber.js';
import { grantParameters, type TokenGrant } from './token-grant.js';
import { readEvents } from './webhooks.js';

export type { PubNubMessage } from '../../wire/pubnub-envelope.js';
export type * from './client.js';
export type { HistoryRange } from './history.js';
export type { PubNubMessageOptions } from './message-options.js';
export type { PubNubOptions } from './options.js';
export type { ChannelPermissions, Grants, TokenGrant } from './token-grant.js';

/**
 * The `pubnub` backend: PubNub through the package `pubnub`, 11 or 12. Each channel of a message takes a request of its
 * own. A report's `info` has the `timetoken` of each channel.
 */
export class PubNubService extends PushServiceWrapper<PubNubClient, PubNubOptions> {
  /** @internal */
  static readonly about: AboutBackend = {
    purpose: 'PubNub',
    needs: 'an account, `npm install pubnub`',
    guide: 'docs/backends/pubnub.md',
    dsnAccount: 'subKey',
    clientDriver: 'pubnub',
  };

  readonly #options: CheckedOptions;
  readonly #calls: SdkCalls;
  readonly #pool: ConnectionPool;
  readonly #subscriber: Subscriber;
  readonly #hasSecret: boolean;
  #subscriptionFailure: unknown;

  /** @throws ConfigurationError when a credential or the package is missing, or an option is wrong */
  constructor(settings: BackendSettings<PubNubOptions> = {}) {
    super(settings);
    this.requireCredentials('pubKey', 'subKey');
    this.#options = checkOptions(this.options);
    this.#hasSecret = Boolean(settings.secretKey);
    const { pubKey: publishKey, subKey: subscribeKey, useSsl: ssl } = this;
    const secretKey = this.#hasSecret ? this.secretKey : undefined;
    this.#pool = connectionPool(this.#options.maxSockets);
    const address = serviceAddress(this.#options, ssl);
    this.api = sdkClient({ publishKey, subscribeKey, secretKey, ssl }, this.#options, this.#pool, address.proxy);
    this.#calls = new SdkCalls(this.api, address, (text) => this.redact(text));
    this.#calls.onSubscriptionFailure = (error) => {
      this.#subscriptionFailure = error;
    };
    this.#subscriber = new Subscriber(this.api, this.#options.subscribeTimeoutMs, {
      receive: (message) => this.receive(message),
      logger: () => this.logger,
      lastFailure: () => this.#lastSubscriptionFailure(),
    });
  }

  override get name(): string {
    return 'pubnub';
  }

  /**
   * Opens as many connections as the service makes requests at once, because a request that waits for one uses up its
   * deadline.
   */
  override connect(host: BackendHost): () => void {
    const release = super.connect(host);
    const { concurrency } = host;
    if (this.#options.maxSockets === undefined && concurrency !== undefined)
      Object.assign(this.#pool, connectionPool(concurrency));
    return release;
  }

  override get capabilities(): BackendCapabilities {
    const { maxMessageBytes, cipherKey, webhookSecret } = this.#options;
    return {
      ...super.capabilities,
      channelName,
      maxPayloadBytes: cipherKey === undefined ? maxMessageBytes : maxBytesBeforeEncryption(maxMessageBytes),
      authorize: this.#hasSecret,
      clientIs: 'user',
      webhooks: webhookSecret !== undefined,
    };
  }

  override readonly hasOwnDeadlines: boolean = true;

  override encode(parts: EventParts): string {
    return envelopeJson(parts);
  }

  override checkMessage(message: BackendMessageOptions): void {
    checkMessageOptions(message);
  }

  override checkChannels(channels: readonly string[], message: OutgoingMessage): void {
    checkPublishable(channels);
    checkSizes(message, this.capabilities.maxPayloadBytes);
  }

  protected async sendData(channel: string, message: OutgoingMessage, context: RequestContext): Promise<ChannelResult> {
    const { timetoken } = await this.#calls.ask(context, () => this.#publish(channel, message), refusalIn);
    return { channel, info: { timetoken: String(timetoken) } };
  }

  #publish(
    channel: string,
    { id, event, data, notification, backendOptions }: OutgoingMessage,
  ): Promise<PubNubPublished> {
    const { signal, ...options } = backendOptions ?? {};
    if (signal === true) return this.api.signal({ ...options, channel, message: signalOf(event, data) });
    const { ttl, storeInHistory } = this.#options;
    return this.api.publish({
      ...(ttl !== undefined && { ttl }),
      ...(storeInHistory !== undefined && { storeInHistory }),
      ...options,
      channel,
      message: { event, data, id, ...(notification !== undefined && { notification }) },
      sendByPost: true,
    });
  }

  /**
   * Subscribes to a channel, and resolves when PubNub has confirmed. The wildcard `'orders.*'` stands for all channels
   * whose names begin with `orders.`; its messages name their own channel as `channel`, and the wildcard as
   * `subscription`.
   * @throws AuthenticationError when access is refused; TimeoutError when PubNub does not confirm within
   * `subscribeTimeoutMs`
   */
  override subscribe(channel: string): Promise<void> {
    return this.#subscriber.subscribe('channel', channel);
  }

  override async unsubscribe(channel: string): Promise<void> {
    this.#subscriber.unsubscribe('channel', channel);
  }

  /**
   * Subscribes to all channels of a channel group, and resolves when PubNub has confirmed.
   * @throws ValidationError for a name that no group can have; otherwise as `subscribe`
   */
  async subscribeGroup(group: string): Promise<void> {
    checkGroup(group);
    await this.#subscriber.subscribe('group', group);
  }

  /** Ends the subscription to a channel group. An unknown group is ignored. */
  async unsubscribeGroup(group: string): Promise<void> {
    this.#subscriber.unsubscribe('group', group);
  }

  /**
   * Asks PubNub how many users are on a channel; it counts no connections. Needs Presence on the key set.
   * PubNub keeps an answer for 3 s. Source: https://www.pubnub.com/docs/general/presence/presence-occupancy
   */
  override async channelInfo(channel: string): Promise<ChannelInfo> {
    const { totalOccupancy: userCount } = await this.#query(() =>
      this.api.hereNow({ channels: [channel], includeUUIDs: false }),
    );
    return { occupied: userCount > 0, userCount };
  }

  /** Asks PubNub for the ids of all users on a channel, 1 000 a request, as {@link channelInfo} does. */
  override async channelUsers(channel: string): Promise<readonly string[]> {
    const users = new Set<string>();
    for (let offset = 0; ; offset += MAX_PRESENCE_COUNT) {
      const page = { channels: [channel], limit: MAX_PRESENCE_COUNT, ...(offset > 0 && { offset }) };
      const { channels } = await this.#query(() => this.api.hereNow(page));
      const occupants = Object.values(channels).flatMap((found) => found.occupants);
      for (const { uuid } of occupants) users.add(uuid);
      if (occupants.length < MAX_PRESENCE_COUNT) return [...users];
    }
  }

  /**
   * Reads the latest stored messages of a channel, the oldest of them first. Needs Message Persistence on the key set.
   * @throws ValidationError for a range that PubNub does not allow
   */
  async history(channel: string, range: HistoryRange = {}): Promise<readonly PubNubMessage[]> {
    const parameters = historyParameters(channel, range);
    const { channels } = await this.#query(() => this.api.fetchMessages(parameters));
    // The answer has this one channel, whose name PubNub percent-encodes.
    return messagesOf(channel, Object.values(channels)[0] ?? [], this.#options.cipherKey !== undefined);
  }

  /**
   * Grants a token with which a client can use channels (Access Manager version 3). The client passes it to `setToken`.
   * @throws ValidationError for a grant that PubNub does not allow; ConfigurationError without the secret key
   */
  async grantToken(grant: TokenGrant): Promise<string> {
    if (!this.#hasSecret)
      throw new ConfigurationError('Tokens are granted with the secret key: set "secretKey" in PUSH_SERVER.', {
        backend: this.name,
      });
    const parameters = grantParameters(grant);
    return this.#query(() => this.api.grantToken(parameters));
  }

  /**
   * Grants a client a token to read one channel, for `tokenTtlMinutes`.
   * @param userId the user id under which the client connects
   * @param member must have the same id, if it is given
   * @returns the token as `auth`
   * @throws ValidationError for ids and channels that PubNub does not allow; ConfigurationError without the secret key
   */
  override async authorizeChannel(
    userId: string,
    channel: string,
    member?: PresenceMember,
  ): Promise<ChannelAuthorization> {
    if (member !== undefined && member.id !== userId)
      throw new ValidationError(
        'PubNub knows a client by its user id: "member.id" must equal the id that was passed as the client.',
        {
          backend: this.name,
        },
      );
    return this.authorizeChannels(userId, [channel]);
  }

  /** Grants a client one token to read all of these channels, because a client has one token at a time. */
  override async authorizeChannels(userId: string, channels: readonly string[]): Promise<ChannelAuthorization> {
    if (!isPubNubUserId(userId))
      throw new ValidationError(
        'The client must be a user id of 1 to 92 characters: without one, anybody could use the token.',
        { backend: this.name },
      );
    const { tokenTtlMinutes: ttlMinutes } = this.#options;
    return { auth: await this.grantToken({ userId, ttlMinutes, channels }) };
  }

  /** @throws AuthenticationError when they do not hold the option `webhookSecret` */
  override checkWebhookHeaders(headers: WebhookHeaders): void {
    const { webhookSecret: secret } = this.#options;
    if (secret === undefined) throw this.unsupported('read webhooks', WEBHOOK_SECRET_ADVICE);
    checkSecret(headers, secret, this.name);
  }

  /** Reads a webhook of Events & Actions. @throws AuthenticationError without the `webhookSecret` in its header */
  override parseWebhook(request: WebhookRequest): readonly WebhookEvent[] {
    this.checkWebhookHeaders(request.headers);
    return readEvents(request, { options: this.#options, api: this.api, backend: this.name });
  }

  override clientConfig(): Omit<ClientConfig, 'backend' | 'channels'> {
    const { origin } = this.#options;
    return { subscribeKey: this.subKey, origin, useTLS: this.useSsl };
  }

  /** Ends the subscriptions at PubNub, and then closes the connections. The backend can be used again. */
  override async close(): Promise<void> {
    this.#subscriber.close();
    this.api.destroy();
    await this.#calls.settle(this.#options.requestTimeoutMs);
    closeIdleConnections(this.api);
  }

  override redact(text: string): string {
    return withoutCredentials(super.redact(text));
  }

  #query<Result>(work: () => Promise<Result>): Promise<Result> {
    const timeout = this.#options.requestTimeoutMs;
    return this.#calls.ask({ signal: AbortSignal.timeout(timeout), timeout }, work, refusalOfQuery);
  }

  #lastSubscriptionFailure(): SubscriptionFailure {
    const error = failureOf(this.#subscriptionFailure, this.#calls.address, (text) => this.redact(text));
    return { error, ...refusedSubscriptions(this.#subscriptionFailure) };
  }
}
