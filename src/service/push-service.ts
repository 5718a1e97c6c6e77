import { type AuthorizerHost, authorizeSubscription, signIn } from '../authorization/authorize.js';
import type { SignInRequest, SubscriptionGrant, SubscriptionRequest } from '../authorization/requests.js';
import { type ChannelRule, ChannelRules } from '../authorization/rules.js';
import type { AnyBackend, UserAuthentication } from '../backends/contract/wrapper.js';
import { ConfigurationError } from '../core/errors.js';
import { defaultLogger, type Logger } from '../core/logger.js';
import type { SendReport } from '../core/report.js';
import { messageList, type SendOptions } from '../delivery/send-options.js';
import { checkEvent, Inbox, type MessageListener } from '../receiving/inbox.js';
import { messageLoop } from '../receiving/message-loop.js';
import type { PushUser, SessionAdapter } from '../sessions/adapter.js';
import { type PageOwner, pageAddress } from '../sessions/page-owner.js';
import type { BackendOf, BackendReference, SettingsOf } from '../settings/backend-types.js';
import { parseDsn } from '../settings/dsn.js';
import { FALLBACK_WARNING, settingsFromEnvironment } from '../settings/environment.js';
import { checkPushServer, type PushServerSettings } from '../settings/settings.js';
import type { WebhookEvent, WebhookHandler } from '../webhooks/event.js';
import type { WebhookSource } from '../webhooks/source.js';
import type { ClientConfig } from '../wire/client-config.js';
import type { IncomingMessage } from '../wire/message.js';
import { Channel } from './channel-handle.js';
import { publishedConfig } from './published-config.js';
import { Runtime } from './runtime.js';

/** Server-side push, whatever stands behind it. @typeParam Backend the backend in use, where the settings tell */
class Service<Backend extends AnyBackend = AnyBackend> implements AsyncDisposable {
  #runtime: Runtime | undefined;
  #ending: Runtime | undefined;
  #isClosed = false;
  #closing: Promise<void> = Promise.resolve();
  readonly #rules = new ChannelRules();
  readonly #inbox = new Inbox(() => (this.#runtime ?? this.#ending)?.logger ?? defaultLogger);

  /**
   * Sets the service up: once, at start-up. Called again, it closes the backend in use (what is being sent goes out
   * first) and takes the new one; subscriptions are not carried over, listeners are.
   * @param settings the settings object, or a DSN such as `websocket://KEY:SECRET@APPID?port=6001`
   * @throws ConfigurationError for a wrong setting or a package that is not installed
   */
  configure(settings: PushServerSettings | string): void {
    this.#start(typeof settings === 'string' ? parseDsn(settings) : settings);
  }

  /** The backend in use; its `api` is the provider's own client. @throws ConfigurationError */
  get backend(): Backend {
    return this.#configured().backend as Backend;
  }

  /** Where users' channels are looked up. @throws ConfigurationError */
  get sessions(): SessionAdapter {
    return this.#configured().sessions as SessionAdapter<never> as SessionAdapter;
  }

  /** Where the service logs; it never throws. @throws ConfigurationError */
  get logger(): Logger {
    return (this.#runtime ?? this.#ending ?? this.#configured()).logger;
  }

  /**
   * Resolves when the backend is up: a server that listens does so then. Calling it is not needed before `send`.
   * @throws ConfigurationError when it cannot be opened, such as for a port that is taken
   */
  async ready(): Promise<void> {
    await this.#configured().ready;
  }

  /**
   * Sends one event with its data to channels, or to the live sessions of users. It resolves when the backend has
   * accepted the message for at least one channel, or when there was no live session to send to; what the backend
   * refused is in the report.
   * @throws ValidationError or UnsupportedOperationError for wrong arguments, before anything is sent
   * @throws DeliveryError that carries the report, when every channel was refused
   * @throws AbortError when the signal had fired before the call
   */
  async send<User = PushUser>(options: SendOptions<User>): Promise<SendReport<User>> {
    const [report] = await this.#configured().send([options], options?.signal);
    return report as SendReport<User>;
  }

  /**
   * Sends different messages, packed into as few requests as the backend takes. Every message is checked before the
   * first is sent. A message that was refused has the status `rejected` in its report.
   * @param options `signal` ends the call; the messages themselves have none
   * @returns a report for each message, in their order
   * @throws ValidationError or UnsupportedOperationError for wrong arguments, before anything is sent
   * @throws DeliveryError that carries the reports, when every message was refused
   */
  async sendMany<User = PushUser>(
    messages: Iterable<SendOptions<User>>,
    options: { signal?: AbortSignal | undefined } = {},
  ): Promise<SendReport<User>[]> {
    const list = messageList(messages, options.signal);
    return this.#configured().send(list, options.signal);
  }

  /** A handle on one channel. */
  channel(name: string): Channel {
    return new Channel(this, name);
  }

  /**
   * Makes a channel's messages fire `messageReceived`. Subscribing twice changes nothing.
   * @throws UnsupportedOperationError when the backend cannot receive
   */
  async subscribe(channel: string): Promise<void> {
    const runtime = this.#configured();
    await runtime.ready;
    await runtime.subscriptions.subscribe(runtime.checkedChannel(channel));
  }

  /** Ends what `subscribe` began; a channel that is not subscribed to is ignored. */
  async unsubscribe(channel: string): Promise<void> {
    const runtime = this.#configured();
    // As in subscribe, so that the two are carried out in the order in which they are called.
    await runtime.ready;
    await runtime.subscriptions.unsubscribe(runtime.checkedChannel(channel));
  }

  /**
   * The messages of a channel, for `for await`; the subscription lasts as long as the loop, and the loop at most as long as
   * the backend is in use. Messages wait for the loop without bound, so that none is lost.
   * @param options `signal` ends the loop without an error
   */
  messages(
    channel: string,
    options: { signal?: AbortSignal | undefined } = {},
  ): AsyncIterableIterator<IncomingMessage> {
    const runtime = this.#configured();
    return messageLoop(runtime.checkedChannel(channel), runtime, this.#inbox, options.signal);
  }

  /**
   * Reads a webhook of the provider: verifies it and drops the events that came before. What clients sent fires `messageReceived`.
   * @param handle called with each event, one after the other; when it fails, so does the call, and the event is handled when the
   * provider sends it again. @default nothing: an event counts as handled once it is returned
   * @returns the events that are new
   * @throws AuthenticationError for one that is not the provider's, or too old; ValidationError for one that cannot be read;
   * TimeoutError for a body that does not arrive; UnsupportedOperationError; whatever the handler throws
   */
  async webhook(request: WebhookSource, handle?: WebhookHandler): Promise<readonly WebhookEvent[]> {
    // A server that is closing still tells its own application of that, and what comes after it opens no sooner.
    const runtime = this.#ending ?? this.#runtime ?? this.#configured();
    await runtime.ready;
    return runtime.webhooks.take(request, handle);
  }

  /** Adds a listener. One that throws is logged and ends nothing; one that was added before is not added again. */
  on(event: 'messageReceived', listener: MessageListener): this {
    checkEvent(event);
    this.#inbox.add(listener);
    return this;
  }

  /** Adds a listener that is removed before its first call. */
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
   * Says who may subscribe to the channels that fit a pattern, such as `'private-orders.{orderId}'`. A channel that no pattern fits is
   * refused to all but the users and sessions whose own it is; of several that fit, the most exact one decides. Rules outlast `configure`.
   * @param pattern in it, `{parameter}` stands for one or more characters without a dot, `{parameter*}` for any; neither for a `*`
   * @throws ConfigurationError for a pattern that is none, or has a rule already
   */
  authorize<const Pattern extends string>(pattern: Pattern, rule: ChannelRule<Pattern>): this {
    this.#rules.add(pattern, rule as ChannelRule);
    return this;
  }

  /**
   * Answers a client that asks to subscribe, by the rules of `authorize`. `createPushHandler` of `pushrail/http` calls it.
   * @throws AuthenticationError with the status 401 or 403 when the client may not; ValidationError for what is no channel or socket id;
   * UnsupportedOperationError
   */
  async authorizeChannel(request: SubscriptionRequest): Promise<SubscriptionGrant> {
    return authorizeSubscription(request, await this.#authorizer());
  }

  /**
   * Answers a client that asks to be signed in as its user.
   * @throws AuthenticationError with the status 401 when nobody is logged in; ValidationError for what is no socket id;
   * UnsupportedOperationError
   */
  async authenticateUser(request: SignInRequest): Promise<UserAuthentication> {
    return signIn(request, await this.#authorizer());
  }

  /**
   * Makes the configuration that a page passes to `new PushClient(config)`. Everything in it is public.
   * @param of `{ session }`: the page hears the session's own channel. `{ user }`: the page hears the channels of all the user's
   * sessions, so two open pages hear each message twice. @default no channels
   * @throws ValidationError for anything else than `{ user }` or `{ session }`
   * @throws ConfigurationError when the backend would publish a secret
   * @example
   * const session = await sessions.add('ann');
   * response.json(await push.clientConfig({ session }));
   */
  async clientConfig<User = PushUser>(of?: PageOwner<User>): Promise<ClientConfig> {
    const { backend, sessions, ready } = this.#configured();
    await ready;
    return publishedConfig(backend, await pageAddress(of, sessions, backend.capabilities.clientIs === 'user'));
  }

  /**
   * Ends the service: what is being sent goes out (each attempt has its deadline), the backend closes what it opened, and
   * the process can end by itself. Further sends fail; `configure` starts anew.
   */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#closing = this.#stop();
    await this.#closing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** The backend's settings, without secrets. */
  toJSON(): object {
    return { backend: this.#runtime?.backend.toJSON() };
  }

  static {
    Object.defineProperty(Service.prototype, Symbol.for('nodejs.util.inspect.custom'), {
      value(this: Service): object {
        return { PushService: this.toJSON() };
      },
    });
  }

  #configured(): Runtime {
    if (this.#runtime !== undefined) return this.#runtime;
    if (this.#isClosed) throw new ConfigurationError('The push service is closed: call configure() to use it again.');
    const { settings, isFallback } = settingsFromEnvironment(process.env);
    const runtime = this.#start(settings);
    if (isFallback) runtime.logger.warn({}, FALLBACK_WARNING);
    return runtime;
  }

  async #authorizer(): Promise<AuthorizerHost> {
    const { backend, sessions, logger, ready } = this.#configured();
    await ready;
    return { backend, sessions, logger, rules: this.#rules };
  }

  #start(settings: unknown): Runtime {
    const runtime = new Runtime(checkPushServer(settings), this, (message) => this.#inbox.receive(message));
    this.#closing = this.#stop().catch((error: unknown) =>
      runtime.logger.error({ err: error }, 'the backend used before could not be closed'),
    );
    this.#runtime = runtime;
    this.#isClosed = false;
    runtime.open(this.#closing);
    return runtime;
  }

  /** Closes the runtime in use, after those before it. */
  #stop(): Promise<void> {
    const runtime = this.#runtime;
    this.#runtime = undefined;
    if (runtime === undefined) return this.#closing;
    this.#ending = runtime;
    return this.#closing
      .then(() => runtime.close())
      .finally(() => {
        if (this.#ending === runtime) this.#ending = undefined;
      });
  }
}

/** The name of the default service and of every independent one is also the name of their type. */
export type PushService<Backend extends AnyBackend = AnyBackend> = Service<Backend>;

/** The application's default push service. */
export const PushService: PushService = new Service();

/**
 * An independent push service: for a second set of keys, or for a test.
 * @param settings the settings object, or a DSN
 * @throws ConfigurationError for a wrong setting or a package that is not installed
 */
export function createPushService<Reference extends BackendReference>(
  settings: SettingsOf<Reference>,
): PushService<BackendOf<Reference>>;
export function createPushService(settings: PushServerSettings | string): PushService;
export function createPushService(settings: unknown): PushService {
  const service = new Service();
  service.configure(settings as PushServerSettings);
  return service;
}
