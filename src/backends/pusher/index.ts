import { ValidationError } from '../../core/errors.js';
import {
  isEncrypted,
  isPresence,
  MAX_CHANNELS_PER_TRIGGER,
  MAX_EVENTS_PER_BATCH,
  userOfChannel,
} from '../../pusher-protocol/names.js';
import type { ClientConfig } from '../../wire/client-config.js';
import { isRecord } from '../../wire/is-record.js';
import type { AddressedMessage, OutgoingMessage } from '../../wire/message.js';
import type { AboutBackend } from '../contract/about.js';
import type { ChannelAuthorization, ChannelInfo, GivenMember } from '../contract/authorization.js';
import type { BackendCapabilities } from '../contract/capabilities.js';
import type { Listener } from '../contract/listening.js';
import type { BackendMessageOptions } from '../contract/message.js';
import type { ChannelResult, RequestContext } from '../contract/request.js';
import type { BackendSettings } from '../contract/settings.js';
import type { CheckedApiRequest } from '../pusher-compatible/api-request.js';
import { ChannelsService } from '../pusher-compatible/service.js';
import { signedQuery } from '../pusher-compatible/signed-query.js';
import { type ProviderProxy, proxyTo } from '../sdk/provider-proxy.js';
import { addressForPages, apiAddress, checkAgent, originOf, ownAgent, socketAddress } from './addresses.js';
import {
  attributesAsked,
  attributesByChannel,
  attributesTold,
  type ChannelAttribute,
  type ChannelAttributes,
  type ChannelsQuery,
  channelsParameters,
  SubscriptionCounting,
  userIdsTold,
} from './channel-attributes.js';
import { type PusherClient, pusherClient } from './client.js';
import { sharedSecret } from './encryption.js';
import { withoutCredentials } from './failure.js';
import { checkDestination, checkedChannel, checkedUserId, checkedUserMessage } from './message-checks.js';
import {
  type CheckedOptions,
  checkAddressed,
  checkOptions,
  type HttpAgentLike,
  type PusherOptions,
} from './options.js';
import { Publisher } from './publisher.js';
import { PusherRequests } from './requests.js';
import { PusherSubscriber } from './subscriber.js';

export type { AppKeys } from '../../pusher-protocol/signature.js';
export type { ChannelAttribute, ChannelAttributes } from './channel-attributes.js';
export type { PusherBatchEvent, PusherClient, PusherResponse } from './client.js';
export type { HttpAgentLike, PusherOptions } from './options.js';

/**
 * The `pusher` backend: sends through Pusher Channels, or through any server with its HTTP API. It uses the package
 * `pusher`. Delivery is at most once: a client that is not connected misses the message.
 * @example
 * const push = createPushService({ backend: PusherService, appId, pubKey, secretKey, options: { cluster: 'eu' } });
 */
export class PusherService extends ChannelsService<PusherClient, PusherOptions> {
  /** @internal */
  static readonly about: AboutBackend = {
    purpose: 'Pusher Channels, or a server that speaks its HTTP API',
    needs: 'an account, `npm install pusher`',
    guide: 'docs/backends/pusher.md',
    clientDriver: 'pusher',
  };

  readonly #options: CheckedOptions;
  readonly #agent: HttpAgentLike | undefined;
  readonly #requests: PusherRequests;
  readonly #publisher: Publisher;
  readonly #subscriber: PusherSubscriber;
  readonly #counting = new SubscriptionCounting();

  /** @throws ConfigurationError for a missing credential or package, and for a wrong option */
  constructor(settings: BackendSettings<PusherOptions> = {}) {
    super(settings);
    const options = checkOptions(this.options);
    const { appId, pubKey: key, secretKey: secret, useSsl: useTLS } = this;
    checkAddressed(appId, key);
    checkAgent(options.agent, useTLS);
    const { PusherJs } = options;
    const { origin, ...place } = apiAddress(options, useTLS);
    this.#options = options;
    this.#agent = options.agent === undefined ? ownAgent(useTLS, options) : undefined;
    this.api = pusherClient({ appId, key, secret, useTLS, ...place }, options, options.agent ?? this.#agent);
    const address = socketAddress(options, useTLS);
    // An agent knows its own way.
    const proxyOf = (to: string): ProviderProxy | undefined =>
      options.agent === undefined ? proxyTo(to, options.proxy) : undefined;
    this.#requests = new PusherRequests({ origin, path: options.path ?? '', proxy: proxyOf(origin) }, (text) =>
      this.redact(text),
    );
    this.#publisher = new Publisher(this.api, this.#requests);
    this.#subscriber = new PusherSubscriber(
      {
        key,
        address,
        useTLS,
        timeoutMs: options.requestTimeoutMs,
        PusherJs,
        proxy: proxyOf(originOf(address, useTLS)),
      },
      {
        receive: (message) => this.receive(message),
        authorize: (socketId, channel, member) => this.authorizeChannel(socketId, channel, member),
        clean: (text) => withoutCredentials(this.redact(text)),
        logger: () => this.logger,
      },
    );
  }

  override get name(): string {
    return 'pusher';
  }

  override get capabilities(): BackendCapabilities {
    return {
      ...super.capabilities,
      maxChannelsPerRequest: MAX_CHANNELS_PER_TRIGGER,
      maxMessagesPerRequest: MAX_EVENTS_PER_BATCH,
      sharesRequest: (channel) => !isEncrypted(channel) && userOfChannel(channel) === undefined,
      // A batch is taken or refused as a whole, but messages to users are in no batch.
      keepsOrder: (channel) => userOfChannel(channel) === undefined,
      maxPayloadBytes: this.#options.maxEventBytes,
      disconnects: ['user'],
    };
  }

  protected override get messageOptions(): readonly string[] {
    return ['info'];
  }

  protected override get webhookOptions(): CheckedOptions {
    return this.#options;
  }

  override checkMessage(message: BackendMessageOptions): void {
    super.checkMessage(message);
    attributesAsked(message.backendOptions?.['info']);
  }

  override checkChannels(channels: readonly string[], { payload }: OutgoingMessage): void {
    checkDestination(channels, payload, this.#options);
  }

  protected override sendBatch(
    channels: readonly string[],
    message: OutgoingMessage,
    context: RequestContext,
  ): Promise<readonly ChannelResult[]> {
    return this.#publisher.trigger(channels, message, context);
  }

  protected override sendMessages(
    messages: readonly AddressedMessage[],
    context: RequestContext,
  ): Promise<readonly ChannelResult[]> {
    return this.#publisher.batch(messages, context);
  }

  /**
   * Sends an event to all connections that are signed in as a user, in one attempt. `PushService.send` to the channel
   * `#server-to-user-ID` does the same with retries and a report.
   * @throws ValidationError for a wrong id, event or data, before anything is sent
   * @throws PushError when the request fails
   */
  async sendToUser(userId: string, event: string, data: unknown = {}): Promise<void> {
    const json = (): string => this.jsonText(data);
    const payload = checkedUserMessage({ userId, event, json }, this.#options.maxEventBytes);
    await this.#requests.text(() => this.api.sendToUser(userId, event, payload), this.#terms());
  }

  /**
   * Closes all connections that are signed in as a user. Their clients do not reconnect by themselves.
   * @throws ValidationError for a wrong id, before anything is sent
   * @throws PushError when the request fails
   */
  async terminateUserConnections(userId: string): Promise<void> {
    await this.post({ path: `/users/${encodeURIComponent(checkedUserId(userId))}/terminate_connections`, body: {} });
  }

  protected override requestApi({ method, path, parameters, body }: CheckedApiRequest): Promise<unknown> {
    const target = this.#target(method, path, parameters, method === 'POST' ? JSON.stringify(body) : undefined);
    const work = () => (method === 'GET' ? this.api.get({ path }) : this.api.post({ path, body }));
    return this.#requests.json(work, { ...this.#terms(), target });
  }

  /** Ends the connections of a user as {@link terminateUserConnections} does. Pusher does not tell how many. */
  override async disconnect({ userId = '' }: Listener): Promise<undefined> {
    await this.terminateUserConnections(userId);
  }

  /**
   * Lists the channels that have subscribers, with their attributes by channel name.
   * @param query `prefix`: only channels whose name begins with it; `info`: the attributes to ask for (`user_count`
   * needs a `prefix` that begins with `presence-`)
   * @throws ValidationError for a wrong query, before anything is sent
   * @throws PushError when the request fails
   */
  async channels(query: ChannelsQuery = {}): Promise<Readonly<Record<string, ChannelAttributes>>> {
    return Object.fromEntries(
      attributesByChannel(await this.get({ path: '/channels', params: channelsParameters(query) })),
    );
  }

  override async channelInfo(channel: string): Promise<ChannelInfo> {
    const path = `/channels/${checkedChannel(channel)}`;
    const others: readonly ChannelAttribute[] = isPresence(channel) ? ['user_count'] : [];
    const answer = await this.#counting.ask(others, (params) => this.get({ path, params }));
    return { occupied: isRecord(answer) && answer['occupied'] === true, ...attributesTold(answer) };
  }

  /** Asks for the ids of a presence channel's users. @throws ValidationError for any other channel */
  override async channelUsers(channel: string): Promise<readonly string[]> {
    const path = `/channels/${checkedChannel(channel)}/users`;
    if (!isPresence(channel))
      throw new ValidationError(
        `Only a presence channel knows its users, and "${channel}" does not begin with "presence-".`,
      );
    return userIdsTold(await this.get({ path }));
  }

  /** Signs a subscription. On an encrypted channel, the client also gets the channel's key, as `shared_secret`. */
  override authorizeChannel(socketId: string, channel: string, member?: GivenMember): ChannelAuthorization {
    const grant = super.authorizeChannel(socketId, channel, member);
    if (!isEncrypted(channel)) return grant;
    const { encryptionMasterKeyBase64: masterKey } = this.#options;
    if (masterKey === undefined)
      throw new ValidationError(`"${channel}" is encrypted: set the option "encryptionMasterKeyBase64".`);
    return { ...grant, shared_secret: sharedSecret(channel, masterKey) };
  }

  /**
   * Subscribes with `pusher-js`, as a client does. It resolves when the service has confirmed. On a presence channel,
   * this process becomes a member. Messages that are sent while the connection is lost are missed.
   * @throws PushError when the service refuses, cannot be reached, or does not confirm within `requestTimeoutMs`
   */
  override async subscribe(channel: string): Promise<void> {
    if (userOfChannel(channel) !== undefined)
      throw this.unsupported(
        `subscribe to "${channel}"`,
        'only a client that is signed in as the user can receive from it',
      );
    if (channel in Object.prototype)
      throw this.unsupported(
        `subscribe to "${channel}"`,
        'the name is a property of every object, and pusher-js keeps its channels in an object: choose another name',
      );
    await this.#subscriber.subscribe(channel);
  }

  override unsubscribe(channel: string): Promise<void> {
    return this.#subscriber.unsubscribe(channel);
  }

  override clientConfig(): Omit<ClientConfig, 'backend' | 'channels'> {
    return { key: this.pubKey, useTLS: this.useSsl, ...addressForPages(this.#options, this.useSsl) };
  }

  override async close(): Promise<void> {
    await this.#subscriber.close();
    this.#agent?.destroy();
  }

  #terms(): { signal: AbortSignal; deadlineMs: number } {
    const { requestTimeoutMs: deadlineMs } = this.#options;
    return { signal: AbortSignal.timeout(deadlineMs), deadlineMs };
  }

  /** Makes the signed path and query of a request. They replace the SDK's own, which does not encode parameters. */
  #target(method: 'GET' | 'POST', path: string, parameters: Readonly<Record<string, string>>, body?: string): string {
    const { appId, pubKey, secretKey } = this;
    const whole = `/apps/${appId}${path}`;
    const request = { method, path: whole, parameters, ...(body !== undefined && { body }) };
    return `${whole}?${signedQuery(request, pubKey, secretKey)}`;
  }
}
