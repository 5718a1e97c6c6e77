import { channelName, eventName, isPresence } from '../../pusher-protocol/names.js';
import { addressOf } from '../../pusher-protocol/public-url.js';
import type { ClientConfig } from '../../wire/client-config.js';
import { isRecord } from '../../wire/is-record.js';
import type { AddressedMessage, OutgoingMessage } from '../../wire/message.js';
import type { AboutBackend } from '../contract/about.js';
import type { ChannelInfo } from '../contract/authorization.js';
import type { BackendCapabilities } from '../contract/capabilities.js';
import type { Listener } from '../contract/listening.js';
import type { RequestContext } from '../contract/request.js';
import type { BackendSettings } from '../contract/settings.js';
import type { CheckedApiRequest } from '../pusher-compatible/api-request.js';
import { ChannelsService } from '../pusher-compatible/service.js';
import { ApiClient } from './api-client.js';
import {
  type CheckedRemoteOptions,
  checkRemoteOptions,
  type RemoteWebSocketOptions,
  remoteAddress,
} from './options.js';
import { RemoteSubscriber } from './subscriber.js';

export type { PublishLimits } from '../../pusher-protocol/publish-limits.js';
export type { RemoteWebSocketOptions } from './options.js';

/**
 * The `remote` backend: an embedded Channels server that runs in another process. It publishes through the server's
 * HTTP API, and subscribes as a client. It is for worker processes and the command line. The server itself is the
 * backend `websocket`.
 * @example
 * PushService.configure({ backend: 'remote', appId, pubKey, secretKey, options: { host: '10.0.0.5', port: 6001 } });
 */
export class RemoteWebSocketService extends ChannelsService<undefined, RemoteWebSocketOptions> {
  /** @internal */
  static readonly about: AboutBackend = {
    purpose: 'the embedded server of another process',
    guide: 'docs/backends/remote.md',
    clientDriver: 'pusher',
  };

  /** The server's HTTP API, such as `http://127.0.0.1:6001`. */
  readonly address: string;
  readonly #options: CheckedRemoteOptions;
  readonly #api: ApiClient;
  readonly #subscriber: RemoteSubscriber;

  /** @throws ConfigurationError when a credential is missing or an option is wrong */
  constructor(settings: BackendSettings<RemoteWebSocketOptions> = {}) {
    super(settings);
    this.#options = checkRemoteOptions(this.options);
    const { appId, pubKey, secretKey } = this;
    const address = remoteAddress(this.#options, this.useSsl);
    this.address = address.http;
    const app = { appId, pubKey, secretKey, address, channelName: this.capabilities.channelName };
    this.#api = new ApiClient(app);
    this.#subscriber = new RemoteSubscriber(app, {
      receive: (message) => this.receive(message),
      logger: () => this.logger,
    });
    this.api = undefined;
  }

  override get name(): string {
    return 'remote';
  }

  /** The embedded server has no TLS of its own: a proxy or an `https.Server` adds it. */
  protected override get useSslByDefault(): boolean {
    return false;
  }

  override get capabilities(): BackendCapabilities {
    const { maxChannelNameLength, maxEventNameLength, maxChannelsPerEvent, maxEventsPerBatch } = this.#options;
    return {
      ...super.capabilities,
      channelName: { ...channelName, maxLength: maxChannelNameLength },
      eventName: { ...eventName, maxLength: maxEventNameLength },
      maxChannelsPerRequest: maxChannelsPerEvent,
      maxMessagesPerRequest: maxEventsPerBatch,
      // The server's limit for data is its option "maxEventBytes", which is not known here. It answers 413.
    };
  }

  protected override get webhookOptions(): CheckedRemoteOptions {
    return this.#options;
  }

  protected override async sendBatch(
    channels: readonly string[],
    message: OutgoingMessage,
    { signal }: RequestContext,
  ): Promise<void> {
    await this.#api.post('/events', { ...wireEvent(message), channels }, signal);
  }

  protected override async sendMessages(
    messages: readonly AddressedMessage[],
    { signal }: RequestContext,
  ): Promise<void> {
    const batch = messages.map(({ channel, message }) => ({ ...wireEvent(message), channel }));
    await this.#api.post('/batch_events', { batch }, signal);
  }

  /**
   * Subscribes as a client. Resolves when the server has confirmed. On a presence channel this process is a member with
   * an id of its own.
   * @throws PushError when the server refuses, cannot be reached, or does not confirm within 10 s (a `TimeoutError`)
   */
  override subscribe(channel: string): Promise<void> {
    return this.#subscriber.subscribe(channel);
  }

  override unsubscribe(channel: string): Promise<void> {
    return this.#subscriber.unsubscribe(channel);
  }

  protected override async requestApi({ method, path, parameters, body }: CheckedApiRequest): Promise<unknown> {
    return method === 'GET' ? this.#api.get(path, parameters) : this.#api.command(path, body, parameters);
  }

  /**
   * Ends the connections of a user or a session on the server, as its own backend `websocket` does. The server does not
   * know of permissions that this process gave: it finds the connections by their sign-in, presence channels, and the
   * session's channel.
   */
  override async disconnect({ userId, sessionChannel }: Listener): Promise<number | undefined> {
    const body = { user_id: userId, session_channel: sessionChannel };
    const { connections } = await this.#api.command('/connections/disconnect', body);
    return typeof connections === 'number' ? connections : undefined;
  }

  override async channelInfo(name: string): Promise<ChannelInfo> {
    const info = isPresence(name) ? 'subscription_count,user_count' : 'subscription_count';
    const answer = await this.#api.get(`/channels/${encodeURIComponent(name)}`, { info });
    const { subscription_count: subscriptionCount, user_count: userCount } = answer;
    return {
      occupied: answer['occupied'] === true,
      ...(typeof subscriptionCount === 'number' && { subscriptionCount }),
      ...(typeof userCount === 'number' && { userCount }),
    };
  }

  override async channelUsers(name: string): Promise<readonly string[]> {
    const { users } = await this.#api.get(`/channels/${encodeURIComponent(name)}/users`);
    return Array.isArray(users)
      ? users.flatMap((user) => (isRecord(user) && typeof user['id'] === 'string' ? [user['id']] : []))
      : [];
  }

  override clientConfig(): Omit<ClientConfig, 'backend' | 'channels'> {
    const { host, port, path, publicUrl } = this.#options;
    if (publicUrl !== undefined) return { key: this.pubKey, ...addressOf(publicUrl, path) };
    return {
      key: this.pubKey,
      ...(host !== undefined && { host }),
      ...(port !== undefined && { port }),
      ...(path !== undefined && { path }),
      useTLS: this.useSsl,
    };
  }

  override close(): Promise<void> {
    return this.#subscriber.close();
  }
}

/** The event in a request. The embedded server takes the id, which Pusher's own API does not know. */
function wireEvent({ id, event, payload, except, isRecorded }: OutgoingMessage): object {
  return { name: event, data: payload, ...(except !== undefined && { socket_id: except }), ...(isRecorded && { id }) };
}
