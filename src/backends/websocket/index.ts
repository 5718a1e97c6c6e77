import { ConfigurationError, ValidationError } from '../../core/errors.js';
import type { Logger } from '../../core/logger.js';
import { isPresence } from '../../pusher-protocol/names.js';
import { parseData } from '../../pusher-protocol/parse-message.js';
import type { HttpServerLike, ListeningAddress, WebSocketServerApi } from '../../server/api.js';
import type { App } from '../../server/app.js';
import { Attachment } from '../../server/attachment.js';
import { applicationControl } from '../../server/control.js';
import { HttpApi } from '../../server/http-api/http-api.js';
import { Listener } from '../../server/listener.js';
import { type CheckedOptions, checkOptions, type WebSocketApp, type WebSocketOptions } from '../../server/options.js';
import { ChannelsServer } from '../../server/server.js';
import type { ClientConfig } from '../../wire/client-config.js';
import type { AddressedMessage, OutgoingMessage } from '../../wire/message.js';
import type { AboutBackend } from '../contract/about.js';
import type { ChannelInfo } from '../contract/authorization.js';
import type { BackendCapabilities } from '../contract/capabilities.js';
import type { BackendSettings } from '../contract/settings.js';
import { ChannelsService } from '../pusher-compatible/service.js';

export type { AppKeys } from '../../pusher-protocol/signature.js';
export type { WebhookEventName } from '../../pusher-protocol/webhooks.js';
export type { HttpServerLike, ListeningAddress, WebSocketServerApi } from '../../server/api.js';
export type { WebSocketApp, WebSocketOptions } from '../../server/options.js';
export type { WebSocketWebhook } from '../../server/webhooks/options.js';
export { type RemoteWebSocketOptions, RemoteWebSocketService } from './remote/service.js';

/**
 * The `websocket` backend: a Pusher Channels server (protocol 7) in this process. Browsers connect to it with the unmodified
 * `pusher-js`, and Pusher's server SDKs publish to it over its HTTP API. It delivers at most once, to whoever is connected.
 */
export class WebSocketService extends ChannelsService<WebSocketServerApi, WebSocketOptions> {
  static readonly about: AboutBackend = {
    purpose: 'a Pusher Channels server in your own process',
    guide: 'docs/backends/websocket.md',
    clientDriver: 'pusher',
  };

  readonly #options: CheckedOptions;
  readonly #attachments = new Map<HttpServerLike, Attachment>();
  readonly #listenedTo = new Set<string>();
  #hasWarned = false;
  #server: ChannelsServer;
  #httpApi: HttpApi;
  #listener: Listener | undefined;
  #opening: Promise<void> | undefined;
  #closing: Promise<void> | undefined;

  /** @throws ConfigurationError when a credential is missing or an option is wrong */
  constructor(settings: BackendSettings<WebSocketOptions> = {}) {
    super(settings);
    const options = checkOptions(this.options);
    this.#options = { ...options, tlsOnly: options.tlsOnly || this.useSsl };
    [this.#server, this.#httpApi] = this.#build();
    this.api = applicationControl(() => this.#app);
  }

  override get name(): string {
    return 'websocket';
  }

  /** Where the server listens; undefined before `open`, after `close`, and when it is only attached. */
  get address(): ListeningAddress | undefined {
    return this.#listener?.address;
  }

  /** Plain connections are let in, unless the settings say `useSsl: true`, which is the same as the option `tlsOnly`. */
  protected override get useSslByDefault(): boolean {
    return false;
  }

  override get capabilities(): BackendCapabilities {
    return { ...super.capabilities, maxPayloadBytes: this.#options.maxEventBytes };
  }

  protected override get webhookOptions(): CheckedOptions {
    return this.#options;
  }

  get #app(): App {
    // The settings' own application is always served.
    return this.#server.apps.get(this.appId) as App;
  }

  #build(): [ChannelsServer, HttpApi] {
    const { appId, pubKey, secretKey } = this;
    const { apps, webhooks } = this.#options;
    const logger = (): Logger => this.logger;
    const server = new ChannelsServer(servedApps({ appId, pubKey, secretKey, webhooks }, apps), this.#options, {
      logger,
      published: ({ channel, event, data, userId }) => {
        if (!this.#listenedTo.has(channel)) return;
        this.receive({ channel, event, data: parseData(data), ...(userId !== undefined && { userId }) });
      },
    });
    return [server, new HttpApi(server.apps, this.#options, logger)];
  }

  /**
   * Serves on an HTTP server of the application's: requests to `/apps/APPID/…` of an application that is served, and WebSockets to
   * `/app/…`, are taken; all others go to the handlers that are there, except WebSockets that no one takes, which get 404. `close`
   * leaves the server open and untouched; `open` attaches to it again. A second call for the same server changes nothing.
   * @param server an `http.Server` or `https.Server`
   */
  attach(server: HttpServerLike): this {
    if (!this.#attachments.has(server)) this.#attachments.set(server, new Attachment(server, this.#taker));
    return this;
  }

  readonly #taker: ConstructorParameters<typeof Attachment>[1] = {
    serves: (appId) => this.#server.apps.has(appId),
    upgrade: (request, socket, head) => this.#server.upgrade(request, socket, head),
    request: (request, response) => void this.#httpApi.handle(request, response),
  };

  /**
   * Listens, where `options.port` says so, and attaches again to what it was attached to before `close`.
   * @throws ConfigurationError when the port cannot be had
   */
  override async open(): Promise<void> {
    await this.#closing;
    this.#opening ??= this.#listen();
    try {
      await this.#opening;
    } catch (error) {
      this.#opening = undefined;
      throw error;
    }
  }

  async #listen(): Promise<void> {
    for (const attachment of this.#attachments.values()) attachment.attach();
    const { port, host, closeTimeoutMs, requestTimeoutMs } = this.#options;
    if (port === undefined) return;
    const listener = new Listener(this.#taker, closeTimeoutMs, requestTimeoutMs);
    await listener.listen(port, host);
    this.#listener = listener;
  }

  /**
   * Takes no new connections, sends what is pending, sends those that are there away to reconnect (code 4200), and returns when they are
   * gone, after `closeTimeoutMs` at the latest, and the webhooks sent that are due, after as long again. Closes only the server that it
   * opened itself. Subscriptions of `subscribe` end.
   */
  override close(): Promise<void> {
    this.#closing ??= this.#shutDown().finally(() => {
      this.#closing = undefined;
    });
    return this.#closing;
  }

  async #shutDown(): Promise<void> {
    await this.#opening?.catch(() => undefined);
    for (const attachment of this.#attachments.values()) attachment.detach();
    const listener = this.#listener;
    await Promise.all([this.#server.close(), listener?.close()]);
    this.#listener = undefined;
    this.#opening = undefined;
    this.#listenedTo.clear();
    [this.#server, this.#httpApi] = this.#build();
  }

  protected override async sendBatch(channels: readonly string[], message: OutgoingMessage): Promise<void> {
    this.#app.publish(channels, message.event, message.payload, message.except);
  }

  protected override async sendMessages(messages: readonly AddressedMessage[]): Promise<void> {
    for (const { channel, message } of messages)
      this.#app.publish([channel], message.event, message.payload, message.except);
  }

  /** Makes what is published to a channel, and what clients send each other on it, come in here. Needs no connection. */
  override async subscribe(channel: string): Promise<void> {
    this.#listenedTo.add(channel);
  }

  override async unsubscribe(channel: string): Promise<void> {
    this.#listenedTo.delete(channel);
  }

  override async channelInfo(name: string): Promise<ChannelInfo> {
    const channel = this.#app.channels.get(name);
    const userCount = channel?.userCount;
    return {
      occupied: channel !== undefined,
      subscriptionCount: channel?.size ?? 0,
      ...(userCount !== undefined && { userCount }),
    };
  }

  /** @throws ValidationError for a channel that has no members to tell of */
  override async channelUsers(name: string): Promise<readonly string[]> {
    if (!isPresence(name))
      throw new ValidationError(
        `Only a presence channel knows its users, and "${name}" does not begin with "presence-".`,
      );
    return this.#app.channels.get(name)?.presence?.ids ?? [];
  }

  override clientConfig(): Omit<ClientConfig, 'backend' | 'channels'> {
    this.#checkReach();
    return { key: this.pubKey, ...clientAddress(this.#options.publicUrl, this.address?.port) };
  }

  /** A page that gets an address where nobody is would try for ever, and nothing else would tell. */
  #checkReach(): void {
    if (this.#options.port !== undefined || this.#attachments.size > 0 || this.#hasWarned) return;
    this.#hasWarned = true;
    this.logger.warn(
      {},
      'no page can connect to the websocket backend: attach it to the server of the application, backend.attach(server), or set "port" in its options',
    );
  }
}

/**
 * The settings' own application, and the further ones.
 * @throws ConfigurationError when two of them have the same id or key
 */
function servedApps(own: WebSocketApp, further: readonly WebSocketApp[] = []): readonly WebSocketApp[] {
  const apps = [own, ...further];
  for (const key of ['appId', 'pubKey'] as const) {
    const values = apps.map((app) => app[key]);
    const twice = values.findIndex((value, index) => values.indexOf(value) !== index);
    if (twice > 0) {
      throw new ConfigurationError(
        `The websocket backend's options: "apps.${twice - 1}.${key}" is that of another application already.`,
        {
          backend: 'websocket',
        },
      );
    }
  }
  return apps;
}

/** Where browsers connect, for the part that they cannot tell from the page. */
interface ClientAddress {
  readonly host?: string;
  readonly port?: number;
  readonly useTLS?: boolean;
}

/**
 * The address from `options.publicUrl`; else the port that the server listens on itself, on the page's own host; attached to
 * the application's server, nothing: the page's own host and port are right.
 */
function clientAddress(publicUrl: string | undefined, ownPort: number | undefined): ClientAddress {
  if (publicUrl !== undefined) {
    const url = new URL(publicUrl);
    const useTLS = url.protocol === 'wss:' || url.protocol === 'https:';
    return { host: url.hostname, port: url.port === '' ? (useTLS ? 443 : 80) : Number(url.port), useTLS };
  }
  return ownPort === undefined ? {} : { port: ownPort, useTLS: false };
}
