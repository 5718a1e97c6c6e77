import { type AuthorizationHost, authorizeSubscription, signIn } from '../authorization/authorize.js';
import type { SignInRequest, SubscriptionGrant, SubscriptionRequest } from '../authorization/requests.js';
import { type ChannelRule, ChannelRules } from '../authorization/rules.js';
import type { BackendOf, BackendReference } from '../backends/built-in.js';
import type { UserAuthentication } from '../backends/contract/authorization.js';
import type { AnyBackend } from '../backends/contract/wrapper.js';
import { defaultLogger, type Logger } from '../core/logger.js';
import type { SendReport } from '../core/report.js';
import { type CallOptions, messageList, type SendOptions } from '../delivery/send-options.js';
import { checkEvent, Inbox, type MessageListener } from '../receiving/inbox.js';
import { messageLoop } from '../receiving/message-loop.js';
import type { PushUser, SessionAdapter } from '../sessions/adapter.js';
import { type PageOwner, pageAddress } from '../sessions/page-owner.js';
import type { PushServerSettings, SettingsBesideDsn, SettingsOf } from '../settings/settings.js';
import type { WebhookEvent, WebhookHandler } from '../webhooks/event.js';
import type { WebhookSource } from '../webhooks/source.js';
import type { ClientConfig } from '../wire/client-config.js';
import type { IncomingMessage } from '../wire/message.js';
import { ChannelHandle } from './channel-handle.js';
import { CurrentRuntime } from './current-runtime.js';
import { publishedConfig } from './published-config.js';

/**
 * A push service: sends, receives and authorises through one backend.
 * @typeParam Backend the backend, when the settings tell its type
 */
class Service<Backend extends AnyBackend = AnyBackend> implements AsyncDisposable {
  readonly #runtime = new CurrentRuntime(this, (message) => this.#inbox.receive(message));
  readonly #inbox = new Inbox(() => (this.#runtime.current ?? this.#runtime.ending)?.logger ?? defaultLogger);
  readonly #rules = new ChannelRules();

  /**
   * Sets up the service. Call it once, when the application starts. A second call replaces the backend: sends in
   * progress finish, the old backend closes, listeners and rules stay, and subscriptions end. `PUSH_SERVER` in the
   * environment is used where no `backend` is named, and without any call.
   * @param settings an object, or a DSN such as `websocket://KEY:SECRET@APPID?port=6001`
   * @param beside goes with a DSN: what it does not say, such as `{ sessions }`
   * @throws ConfigurationError for a wrong setting or a package that is not installed
   * @example
   * PushService.configure({ backend: 'pusher', appId, pubKey, secretKey, options: { cluster: 'eu' } });
   */
  configure(settings: PushServerSettings | string, beside?: SettingsBesideDsn): void {
    this.#runtime.start(settings, beside);
  }

  /** The backend. Its `api` is the client of the provider's package. @throws ConfigurationError for wrong settings */
  get backend(): Backend {
    return this.#runtime.configured.backend as Backend;
  }

  /** The session adapter, which finds users' channels. @throws ConfigurationError for wrong settings */
  get sessions(): SessionAdapter {
    return this.#runtime.configured.sessions as SessionAdapter<never> as SessionAdapter;
  }

  /** The logger of the service. Its methods never throw. @throws ConfigurationError for wrong settings */
  get logger(): Logger {
    return (this.#runtime.current ?? this.#runtime.ending ?? this.#runtime.configured).logger;
  }

  /** The setting `timeout`, in milliseconds. @throws ConfigurationError for wrong settings */
  get timeout(): number {
    return this.#runtime.configured.timeout;
  }

  /**
   * Resolves when the backend is open: an embedded server then listens. `send` does not need it.
   * @throws ConfigurationError when it cannot open, for example because its port is taken; TimeoutError when it is late
   */
  async ready(): Promise<void> {
    await this.#runtime.configured.opened();
  }

  /**
   * Sends one event with its data to channels, or to the live sessions of users. It resolves when the backend has
   * accepted the message for at least one channel, or when the users have no live session. The report names the
   * channels that the backend refused.
   * @throws ValidationError or UnsupportedOperationError for wrong arguments, before anything is sent
   * @throws DeliveryError with the report, when the backend refused every channel
   * @throws TimeoutError when the session adapter does not answer or the backend does not open: nothing was sent
   * @throws AbortError when the signal fires before anything is sent
   * @example
   * const report = await PushService.send({ event: 'order.shipped', users: 'ann', data: { orderId: 42 } });
   * console.log(report.status); // 'accepted'
   */
  async send<User = PushUser>(options: SendOptions<User>): Promise<SendReport<User>> {
    const [report] = await this.#runtime.configured.send([options], options ?? {});
    return report as SendReport<User>;
  }

  /**
   * Sends different messages in as few requests as possible, those for one channel in their order. Every message is
   * checked before the first is sent. The report of a refused message has the status `rejected`.
   * @param call `signal` and `ordered`, as in `send`; a single message cannot have them
   * @returns a report for each message, in the same order
   * @throws ValidationError or UnsupportedOperationError for wrong arguments, before anything is sent
   * @throws DeliveryError with the reports, when every message was refused
   * @example
   * await PushService.sendMany([
   *   { event: 'price', channels: 'stock-a', data: 10 },
   *   { event: 'price', channels: 'stock-b', data: 20 },
   * ]);
   */
  async sendMany<User = PushUser>(
    messages: Iterable<SendOptions<User>>,
    call: CallOptions = {},
  ): Promise<SendReport<User>[]> {
    const list = messageList(messages, call);
    return this.#runtime.configured.send(list, call);
  }

  /** A handle for one channel: `PushService.channel('orders').trigger('order.shipped', data)`. */
  channel(name: string): ChannelHandle {
    return new ChannelHandle(this, name);
  }

  /**
   * Subscribes to a channel: its messages fire `messageReceived`. Subscribing twice changes nothing.
   * @throws UnsupportedOperationError when the backend cannot receive
   */
  async subscribe(channel: string): Promise<void> {
    const runtime = await this.#runtime.configured.opened();
    await runtime.subscriptions.subscribe(runtime.checkedChannel(channel));
  }

  /** Ends the subscription of `subscribe`. A channel without one is ignored. */
  async unsubscribe(channel: string): Promise<void> {
    // As in subscribe(), so that calls of both run in their order.
    const runtime = await this.#runtime.configured.opened();
    await runtime.subscriptions.unsubscribe(runtime.checkedChannel(channel));
  }

  /**
   * Loops over the messages of a channel with `for await`. The subscription ends with the loop; `close` and `configure`
   * end the loop. Messages wait in memory until the loop takes them, without a limit.
   * @param options `signal` ends the loop without an error
   * @example
   * for await (const { event, data } of PushService.messages('orders')) console.log(event, data);
   */
  messages(
    channel: string,
    options: { signal?: AbortSignal | undefined } = {},
  ): AsyncIterableIterator<IncomingMessage> {
    const runtime = this.#runtime.configured;
    return messageLoop(runtime.checkedChannel(channel), runtime, this.#inbox, options.signal);
  }

  /**
   * Reads a webhook of the provider, verifies it, and drops events that came before. Client events also fire
   * `messageReceived`.
   * @param request a web `Request`, a Node request, or `{ headers, rawBody }`
   * @param handle called with each event, one after the other. When it throws or rejects, so does this call, and the
   * event is handled again when the provider repeats it. @default none: an event counts as handled when this call
   * returns it
   * @returns the new events
   * @throws AuthenticationError for a webhook that is forged or too old; ValidationError for one that cannot be read
   * @throws TimeoutError for a body that does not arrive, or a handler that does not end, in time
   * @throws UnsupportedOperationError when the backend takes no webhooks
   * @throws whatever `handle` throws
   * @example
   * const events = await PushService.webhook(request, async (event) => {
   *   if (event.type === 'channelVacated') await stopFeed(event.channel);
   * });
   */
  async webhook(request: WebhookSource, handle?: WebhookHandler): Promise<readonly WebhookEvent[]> {
    // An embedded server still sends webhooks while it closes, when the next runtime is not open yet.
    const runtime = await (this.#runtime.ending ?? this.#runtime.configured).opened();
    return runtime.webhooks.take(request, handle);
  }

  /** Adds a listener. Its failures are logged, and other listeners still run. Adding it twice changes nothing. */
  on(event: 'messageReceived', listener: MessageListener): this {
    checkEvent(event);
    this.#inbox.add(listener);
    return this;
  }

  /** Adds a listener for one message: it is removed before its first call. */
  once(event: 'messageReceived', listener: MessageListener): this {
    checkEvent(event);
    this.#inbox.add(listener, true);
    return this;
  }

  /** Removes a listener. */
  off(event: 'messageReceived', listener: MessageListener): this {
    checkEvent(event);
    this.#inbox.remove(listener);
    return this;
  }

  /**
   * Adds a rule: it decides who may subscribe to the channels that match a pattern. When several patterns match, the
   * most exact one decides. When none matches, only the channel's own user or session may subscribe. Rules stay after
   * `configure`.
   * @param pattern such as `'private-orders.{orderId}'`: `{parameter}` matches one or more characters except dots,
   * `{parameter*}` also matches dots, and neither matches a `*`
   * @throws ConfigurationError for a wrong pattern, or one that has a rule already
   * @example
   * PushService.authorize('private-orders.{orderId}', ({ user, params }) => db.mayRead(user, params.orderId));
   */
  authorize<const Pattern extends string>(pattern: Pattern, rule: ChannelRule<Pattern>): this {
    this.#rules.add(pattern, rule as ChannelRule);
    return this;
  }

  /**
   * Answers a client that asks to subscribe, by the rules of `authorize`. `createPushHandler` of `pushrail/http` calls
   * it for you.
   * @throws AuthenticationError with the status 401 when nobody is logged in, 403 when the user may not subscribe
   * @throws ValidationError for a wrong channel name or socket id
   * @throws UnsupportedOperationError when the backend does not authorise
   */
  async authorizeChannel(request: SubscriptionRequest): Promise<SubscriptionGrant> {
    return authorizeSubscription(request, await this.#authorizationHost());
  }

  /**
   * Answers a client that asks to be signed in as its user. `createPushHandler` of `pushrail/http` calls it for you.
   * @throws AuthenticationError with the status 401 when nobody is logged in
   * @throws ValidationError for a wrong socket id
   * @throws UnsupportedOperationError when the backend does not sign users in
   */
  async authenticateUser(request: SignInRequest): Promise<UserAuthentication> {
    return signIn(request, await this.#authorizationHost());
  }

  /**
   * Makes the configuration that a page passes to `new PushClient(config)`. Everything in it is public.
   * @param of `{ session }`: the page hears the session's own channel. `{ user }`: the page hears the channels of all
   * the user's sessions, so two open pages hear each message twice. @default no channels
   * @throws ValidationError for anything but `{ user }` or `{ session }`
   * @throws ConfigurationError when the backend would publish a secret
   * @example
   * const session = await sessions.add('ann');
   * response.json(await push.clientConfig({ session }));
   */
  async clientConfig<User = PushUser>(of?: PageOwner<User>): Promise<ClientConfig> {
    const { backend, sessions, timeout } = await this.#runtime.configured.opened();
    return publishedConfig(backend, await pageAddress(of, sessions, backend.capabilities.clientIs === 'user', timeout));
  }

  /**
   * Closes the service, within the setting `closeTimeout`; what it leaves behind is logged. Sends in progress finish,
   * the backend closes what it opened, and the process can end by itself. Later sends fail, until `configure`.
   */
  async close(): Promise<void> {
    await this.#runtime.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** Shows the backend's settings, without secrets. */
  toJSON(): object {
    return { backend: this.#runtime.current?.backend.toJSON() };
  }

  static {
    Object.defineProperty(Service.prototype, Symbol.for('nodejs.util.inspect.custom'), {
      value(this: Service): object {
        return { PushService: this.toJSON() };
      },
    });
  }

  async #authorizationHost(): Promise<AuthorizationHost> {
    const { backend, sessions, logger, timeout } = await this.#runtime.configured.opened();
    return { backend, sessions, logger, timeout, rules: this.#rules };
  }
}

/** The type of the default push service and of those from {@link createPushService}. */
export type PushService<Backend extends AnyBackend = AnyBackend> = Service<Backend>;

/**
 * The default push service of the application. Configure it once, then import it anywhere.
 * @example
 * PushService.configure({ backend: 'console' });
 * await PushService.send({ event: 'hello', channels: 'news', data: { from: 'me' } });
 */
export const PushService: PushService = new Service();

/**
 * Makes an independent push service, for a second set of keys or for a test.
 * @param settings an object or a DSN, as for `PushService.configure`, which `beside` goes with as there
 * @throws ConfigurationError for a wrong setting or a package that is not installed
 * @example
 * await using push = createPushService({ backend: 'websocket', appId, pubKey, secretKey, options: { port: 6001 } });
 */
export function createPushService<Reference extends BackendReference>(
  settings: SettingsOf<Reference>,
): PushService<BackendOf<Reference>>;
export function createPushService(settings: PushServerSettings | string, beside?: SettingsBesideDsn): PushService;
export function createPushService(settings: unknown, beside?: SettingsBesideDsn): PushService {
  const service = new Service();
  service.configure(settings as PushServerSettings, beside);
  return service;
}
