import { checkOptionNames, checkSignal, type Lasting } from '../../core/call-options.js';
import { ConfigurationError, ValidationError } from '../../core/errors.js';
import { isPresence } from '../../pusher-protocol/names.js';
import { parseData } from '../../pusher-protocol/parse-message.js';
import type { App } from '../../server/app.js';
import type { Published } from '../../server/app-publisher.js';
import { type CheckedOptions, checkOptions } from '../../server/checked-options.js';
import { signedAccess } from '../../server/client-access.js';
import { answerOwn } from '../../server/http-api/own-request.js';
import type { WebSocketOptions } from '../../server/options.js';
import type { HttpServerLike, ListeningAddress, WebSocketServerApi } from '../../server/public-types.js';
import { isRelayText, RELAY_TEXTS } from '../../server/relay/relay-option.js';
import { ChannelsServer } from '../../server/server.js';
import type { ClientConfig } from '../../wire/client-config.js';
import type { AddressedMessage, OutgoingMessage } from '../../wire/message.js';
import type { AboutBackend } from '../contract/about.js';
import type { ChannelInfo } from '../contract/authorization.js';
import type { BackendCapabilities } from '../contract/capabilities.js';
import type { Listener } from '../contract/listening.js';
import type { ChannelResult, RequestAnswer } from '../contract/request.js';
import type { BackendSettings } from '../contract/settings.js';
import type { SharedMemory } from '../contract/shared-memory.js';
import type { CheckedApiRequest } from '../pusher-compatible/api-request.js';
import { ChannelsService } from '../pusher-compatible/service.js';

export type { PublishLimits } from '../../pusher-protocol/publish-limits.js';
export type { AppKeys } from '../../pusher-protocol/signature.js';
export type { WebhookEventName } from '../../pusher-protocol/webhooks.js';
export type { WebSocketApp, WebSocketLimits, WebSocketOptions } from '../../server/options.js';
export type { PlainNodeRequest, PlainPath, PlainRequestContext } from '../../server/plain/options.js';
export type { DeafSpan, HttpServerLike, ListeningAddress, WebSocketServerApi } from '../../server/public-types.js';
export type { Relay } from '../../server/relay/relay.js';
export type { WebSocketWebhook } from '../../server/webhooks/options.js';

/**
 * The `websocket` backend: a Pusher Channels server (protocol 7) in this process. Browsers connect to it with the
 * unmodified `pusher-js`, and Pusher's server SDKs publish to it over its HTTP API. It delivers at most once, to
 * whoever is connected.
 */
export class WebSocketService extends ChannelsService<WebSocketServerApi, WebSocketOptions> {
  /** @internal */
  static readonly about: AboutBackend = {
    purpose: 'a Pusher Channels server in your own process',
    guide: 'docs/backends/websocket.md',
    clientDriver: 'pusher',
  };

  readonly #options: CheckedOptions;
  readonly #server: ChannelsServer;
  #hasWarned = false;

  /** @throws ConfigurationError when a credential is missing or an option is wrong */
  constructor(settings: BackendSettings<WebSocketOptions> = {}) {
    super(withRelay(settings, process.env['PUSH_RELAY']));
    const options = checkOptions(this.options);
    this.#options = { ...options, tlsOnly: options.tlsOnly || this.useSsl };
    const { appId, pubKey, secretKey } = this;
    this.#server = new ChannelsServer({ appId, pubKey, secretKey }, this.#options, {
      logger: () => this.logger,
      access: signedAccess,
      plainAccess: ({ channel, ...claim }) => this.mayListen({ channels: [channel], ...claim }),
      received: ({ channel, event, data, userId, id }) =>
        this.receive({
          channel,
          event,
          data: parseData(data),
          ...(id !== undefined && { id }),
          ...(userId !== undefined && { userId }),
        }),
    });
    this.api = this.#server.api;
  }

  override get name(): string {
    return 'websocket';
  }

  /** The address that the server listens on; undefined before `open`, after `close`, and when it is only attached. */
  get address(): ListeningAddress | undefined {
    return this.#server.address;
  }

  /**
   * The address of the port for figures (`options.metricsPort`); undefined before `open`, after `close`, and without
   * such a port.
   */
  get metricsAddress(): ListeningAddress | undefined {
    return this.#server.metricsAddress;
  }

  /**
   * Connections without TLS are let in, unless the settings say `useSsl: true`, which is the same as the option
   * `tlsOnly`.
   */
  protected override get useSslByDefault(): boolean {
    return false;
  }

  override get capabilities(): BackendCapabilities {
    const { channelName, eventName, limits } = this.#app;
    return { ...super.capabilities, channelName, eventName, maxPayloadBytes: limits.maxEventBytes };
  }

  protected override get webhookOptions(): CheckedOptions {
    return this.#options;
  }

  get #app(): App {
    return this.#server.app;
  }

  /**
   * Serves on an HTTP server of the application. The backend takes the requests to `/apps/APPID/…` of its applications,
   * and the WebSockets to `/app/…`. All other requests go to the server's other handlers; a WebSocket that no handler
   * takes is answered with 404. `close` leaves the server open, and `open` attaches to it again. When the server's own
   * `close` is called, the clients that came through it are sent away to reconnect, so that the server can end; the
   * backend goes on. A second call for the same server changes nothing.
   * @param server an `http.Server` or `https.Server`
   * @param options `signal` detaches the backend, and sends away the clients that came through the server
   * @throws ValidationError for wrong options; ConfigurationError with `serve: false`
   */
  attach(server: HttpServerLike, options: Lasting = {}): this {
    checkOptionNames(options, ['signal'], 'attach()');
    checkSignal(options.signal);
    if (!this.#options.serve) {
      throw new ConfigurationError(
        'The websocket backend has the option "serve: false", so it cannot be attached to a server: leave the option out where clients are to connect.',
        { backend: this.name },
      );
    }
    this.#server.attach(server, options.signal);
    return this;
  }

  /**
   * Listens, when the options have a `port` or a `metricsPort`, and attaches again to the servers that it was attached
   * to before `close`.
   * @throws ConfigurationError when it cannot listen on the port, or on `metricsPort`
   */
  override open(): Promise<void> {
    return this.#server.open();
  }

  /**
   * Takes no new connections, sends what is pending, and sends the clients away to reconnect (code 4200). Resolves when
   * they are gone, after `closeTimeoutMs` at the latest, and when the webhooks that are due are sent, after as long
   * again. Closes only the HTTP server that it opened itself. Subscriptions of `subscribe` end.
   */
  override close(): Promise<void> {
    this.#hasWarned = false;
    return this.#server.close();
  }

  protected override async sendBatch(channels: readonly string[], message: OutgoingMessage): Promise<RequestAnswer> {
    this.#warnUnlessReachable(channels);
    const publishing = this.#publish(channels, message);
    // Awaiting nothing would still cost a turn for each request.
    return publishing === undefined ? undefined : resultsFor(channels, await publishing);
  }

  protected override async sendMessages(messages: readonly AddressedMessage[]): Promise<RequestAnswer> {
    this.#warnUnlessReachable(messages.map(({ channel }) => channel));
    const publishing = messages.map(({ channel, message }) => this.#publish([channel], message));
    if (publishing.every((work) => work === undefined)) return;
    const published = await Promise.all(publishing);
    return messages.flatMap(({ channel }, index) => resultsFor([channel], published[index]));
  }

  #publish(
    channels: readonly string[],
    { id, event, payload, except, isRecorded }: OutgoingMessage,
  ): Promise<Published> | undefined {
    return this.#app.publisher.publish(channels, event, payload, except, id, isRecorded);
  }

  /** Receives what is published to a channel, and what its clients send each other. Needs no connection. */
  override async subscribe(channel: string): Promise<void> {
    await this.#app.hear(channel);
  }

  override async unsubscribe(channel: string): Promise<void> {
    this.#app.unhear(channel);
  }

  protected override async requestApi(request: CheckedApiRequest): Promise<unknown> {
    return answerOwn(this.#app, request);
  }

  override clientAsked(socketId: string, who: Listener): void {
    this.#app.noteOwner(socketId, who);
  }

  /**
   * Ends the connections of a user or a session with code 4200: their clients connect anew, and ask anew for their
   * private channels. Those are the connections that were authorised for them, that are signed in as
   * the user or are the user's on a presence channel, and that are subscribed to the session's channel. Bare WebSockets
   * end with 4009.
   */
  override async disconnect(who: Listener): Promise<number> {
    return this.#app.request({ do: 'sendAway', owner: who });
  }

  override get sharedMemory(): SharedMemory | undefined {
    return this.#server.sharedMemory;
  }

  override async channelInfo(name: string): Promise<ChannelInfo> {
    const [figures] = await this.#app.overview.figures([name]);
    const { isOccupied = false, subscriptions = 0, users = 0 } = figures ?? {};
    return {
      occupied: isOccupied,
      subscriptionCount: subscriptions,
      ...(isOccupied && isPresence(name) && { userCount: users }),
    };
  }

  /** @throws ValidationError for a channel that is no presence channel */
  override async channelUsers(name: string): Promise<readonly string[]> {
    if (!isPresence(name))
      throw new ValidationError(
        `Only a presence channel knows its users, and "${name}" does not begin with "presence-".`,
      );
    return this.#app.overview.users(name);
  }

  override clientConfig(): Omit<ClientConfig, 'backend' | 'channels'> {
    this.#warnUnlessReachable();
    return { key: this.pubKey, ...this.#server.publicAddress };
  }

  /**
   * Warns once from `open` to `close` when no page can connect. Without the warning nobody would know: a page would
   * only try again and again, and each message would be accepted. Channels that this process itself listens to are
   * heard. A process that is to serve nobody has the others for that.
   * @param channels those that are sent to
   */
  #warnUnlessReachable(channels?: readonly string[]): void {
    if (this.#hasWarned || this.#server.isReachable || !this.#options.serve) return;
    if (channels?.every((channel) => this.#app.heard.has(channel))) return;
    this.#hasWarned = true;
    if (this.#options.relay !== undefined) {
      this.logger.warn(
        {},
        'no page can connect to this node of the websocket backend: attach it to the server of the application, backend.attach(server), or set "port" in its options; or set "serve: false" where it only publishes to the other nodes',
      );
      return;
    }
    this.logger.warn(
      {},
      'no page can connect to the websocket backend, so nobody hears what it sends: attach it to the server of the application, backend.attach(server), or set "port" in its options. Where the server runs in another process, publish to it with the backend "remote"',
    );
  }
}

/**
 * The settings with the relay that the environment names, unless they say something else. Then the backend knows its
 * password as one of their secrets.
 * @throws ConfigurationError for a text that names no relay. It never shows the text, which may hold a password
 */
function withRelay(
  settings: BackendSettings<WebSocketOptions>,
  variable: string | undefined,
): BackendSettings<WebSocketOptions> {
  const relay = variable?.trim() ?? '';
  if (relay === '' || settings.options?.relay !== undefined) return settings;
  if (!isRelayText(relay)) throw new ConfigurationError(`PUSH_RELAY must be ${RELAY_TEXTS}.`, { backend: 'websocket' });
  return { ...settings, options: { ...settings.options, relay } };
}

/** The results of a request, one for each channel. Those that this node alone has say so in the report's `info`. */
function resultsFor(channels: readonly string[], published: Published | undefined): readonly ChannelResult[] {
  const failed = new Map(published?.failures.map((failure) => [failure.channel, failure]));
  const local = new Set(published?.local);
  return channels.map(
    (channel) => failed.get(channel) ?? (local.has(channel) ? { channel, info: { relay: 'local' } } : { channel }),
  );
}
