import { authorizeSubscription, signIn } from '../authorization/authorize.js';
import type { SignInRequest, SubscriptionGrant, SubscriptionRequest } from '../authorization/requests.js';
import { type ChannelRule, ChannelRules, type RuleOptions } from '../authorization/rules.js';
import type { ApiCommand, ApiParameters, ApiQuery } from '../backends/contract/api-request.js';
import type { UserAuthentication } from '../backends/contract/authorization.js';
import type { AnyBackend } from '../backends/contract/wrapper.js';
import { defaultLogger, type Logger } from '../core/logger.js';
import type { SendReport } from '../core/report.js';
import {
  type CallOptions,
  messageList,
  type SendOptions,
  type TriggerOptions,
  triggered,
} from '../delivery/send-options.js';
import { Inbox } from '../receiving/inbox.js';
import type { StreamReader } from '../receiving/streams.js';
import { Conditions } from '../recording/conditions.js';
import { MessageEvents } from '../recording/events.js';
import type { PushUser } from '../sessions/adapter.js';
import { type PageOwner, pageAddress } from '../sessions/page-owner.js';
import type { ClientConfig } from '../wire/client-config.js';
import { ChannelHandle } from './channel-handle.js';
import { CurrentRuntime } from './current-runtime.js';
import {
  disconnect,
  type OpenStream,
  openStream,
  type StreamRequest,
  type StreamTokenOptions,
  streamToken,
} from './listening.js';
import { publishedConfig } from './published-config.js';
import { FIRE_FAILED } from './sender.js';
import { TemplateService } from './template-service.js';

/**
 * A push service: sends, receives and authorises through one backend.
 * @typeParam Backend the backend, when the settings tell its type
 */
export class PushService<Backend extends AnyBackend = AnyBackend> extends TemplateService<Backend> {
  readonly #runtime: CurrentRuntime;
  readonly #rules: ChannelRules;
  readonly #logger: () => Logger;

  constructor() {
    const logger = (): Logger => runtime.latest?.logger ?? defaultLogger;
    const inbox = new Inbox(logger);
    const rules = new ChannelRules(logger);
    const keeps = { inbox, conditions: new Conditions(), messageEvents: new MessageEvents(logger) };
    const runtime = new CurrentRuntime((message) => inbox.receive(message), { rules, ...keeps });
    super(runtime, keeps);
    this.#runtime = runtime;
    this.#rules = rules;
    this.#logger = logger;
  }

  /**
   * Sends one event with its data to channels, or to the live sessions of users. It resolves when the backend has
   * accepted the message for at least one channel, or when the users have no live session. The report names the
   * channels that the backend refused.
   *
   * With a message store (the setting `messages`), the message is recorded first. It also resolves, with the status
   * `waiting`, when the message is for later, or failed and is tried again later: do not send it again. It throws when
   * the failure is final.
   * @throws ValidationError or UnsupportedOperationError for wrong arguments, before anything is sent or recorded
   * @throws DeliveryError with the report, when the backend refused every channel
   * @throws TimeoutError when the session adapter does not answer or the backend does not open: nothing was sent
   * @throws AbortError when the signal fires before anything is sent
   * @throws PushError when the message store does not take the message: nothing was sent. Where its `outcome` is
   * `'unknown'`, the message may be recorded, and is sent then
   * @example
   * const report = await PushService.send({ event: 'order.shipped', users: 'ann', data: { orderId: 42 } });
   * console.log(report.status); // 'accepted'
   * @example
   * await PushService.send({ event: 'invite', users: 'ann', delay: '30m', when: 'unread', key: 'invite:42' });
   */
  async send<User = PushUser>(options: SendOptions<User>): Promise<SendReport<User>> {
    const [report] = await this.#runtime.configured.sender.send([options], options ?? {});
    return report as SendReport<User>;
  }

  /**
   * Sends different messages in as few requests as possible, those for one channel in their order. Every message is
   * checked before the first is sent. The report of a refused message has the status `rejected`.
   * @param call `signal` and `ordered`, as in `send`; a single message cannot have them
   * @returns a report for each message, in the same order
   * @throws ValidationError or UnsupportedOperationError for wrong arguments, before anything is sent
   * @throws DeliveryError with the reports, when every message was refused
   * @throws PushError when the message store does not take them; it records all of them or none
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
    return this.#runtime.configured.sender.send(list, call);
  }

  /**
   * Sends one event to one channel or several, with the arguments that Pusher's libraries take. The rest is as for
   * {@link send}.
   * @param data @default an empty object
   * @param options those of `send`, such as `except` and `delay`, or the socket id that must not receive it
   * @throws PushError in the cases of {@link send}
   * @example
   * await PushService.trigger(['orders', 'stock'], 'order.shipped', { orderId: 42 }, { socket_id: '123.456' });
   */
  async trigger(
    channels: string | Iterable<string>,
    event: string,
    data?: unknown,
    options?: TriggerOptions | string,
  ): Promise<SendReport> {
    return this.send(triggered(channels, event, data, options));
  }

  /**
   * Sends as {@link send} does, for a caller who does not wait. It never throws: whatever fails is logged, wrong
   * arguments and channels that were refused among them. `close` waits for it. Until it is recorded, a message is lost
   * with the process; without a message store, until it is sent. `send({ wait: false })` tells when it is recorded.
   * @example
   * PushService.fire({ event: 'order.shipped', users: 'ann', data: { orderId: 42 } });
   */
  fire<User = PushUser>(options: SendOptions<User>): void {
    try {
      this.#runtime.configured.sender.fire(options);
    } catch (error) {
      this.#logger().error({ err: error }, FIRE_FAILED);
    }
  }

  /**
   * Asks the HTTP API of Pusher or the embedded server, at a path below `/apps/APPID`.
   * @param query the path, or `{ path, params }`
   * @returns the answer, parsed from JSON
   * @throws ValidationError for a wrong path or parameter, before anything is sent
   * @throws UnsupportedOperationError when the backend has no such API
   * @example
   * const { channels } = await PushService.get('/channels', { filter_by_prefix: 'presence-' });
   */
  async get(query: string | ApiQuery, params?: ApiParameters): Promise<unknown> {
    return (await this.#runtime.configured.opened()).ask((backend) => backend.get(query, params), 'answer a query');
  }

  /**
   * Posts JSON to the HTTP API.
   * @param command the path, or `{ path, params, body }`. The rest is as for {@link get}
   */
  async post(command: string | ApiCommand, body?: object, params?: ApiParameters): Promise<unknown> {
    const runtime = await this.#runtime.configured.opened();
    return runtime.ask((backend) => backend.post(command, body, params), 'answer a command');
  }

  /** A handle for one channel: `PushService.channel('orders').trigger('order.shipped', data)`. */
  channel(name: string): ChannelHandle {
    return new ChannelHandle(this, name);
  }

  /**
   * Adds a rule: it decides who may subscribe to the channels that match a pattern. When several patterns match, the
   * most exact one decides. When none matches, only the channel's own user or session may subscribe. Rules stay after
   * `configure`.
   * @param pattern such as `'private-orders.{orderId}'`: `{parameter}` matches one or more characters except dots,
   * `{parameter*}` also matches dots, and neither matches a `*`
   * @param options `signal` takes the rule back; `replace` puts it in the place of another one for the same channels
   * @throws ConfigurationError for a wrong pattern, and in production (`NODE_ENV`) for one that has a rule already
   * @throws ValidationError for wrong options
   * @example
   * PushService.authorize('private-orders.{orderId}', ({ user, params }) => db.mayRead(user, params.orderId));
   */
  authorize<const Pattern extends string>(pattern: Pattern, rule: ChannelRule<Pattern>, options?: RuleOptions): this {
    this.#rules.add(pattern, rule as ChannelRule, options);
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
    return authorizeSubscription(request, await this.#runtime.configured.opened());
  }

  /**
   * Answers a client that asks to be signed in as its user. `createPushHandler` of `pushrail/http` calls it for you.
   * @throws AuthenticationError with the status 401 when nobody is logged in
   * @throws ValidationError for a wrong socket id
   * @throws UnsupportedOperationError when the backend does not sign users in
   */
  async authenticateUser(request: SignInRequest): Promise<UserAuthentication> {
    return signIn(request, await this.#runtime.configured.opened());
  }

  /**
   * Ends the connections of a user or a session, with their streams of events and the tokens that were made for them.
   * The clients connect anew and ask anew, so that what is public goes on, and what they may hear no longer ends. Call
   * it at a log-out; `pushSession` does for its session. With Pusher, `{ user }` ends the connections that are signed
   * in as the user, for good: public channels end as well.
   * @returns how many there were; undefined where the provider does not tell
   * @throws ValidationError for anything but `{ user }` or `{ session }`
   * @throws UnsupportedOperationError where the backend cannot; then the streams in this process have ended all the
   * same
   * @throws PushError when the provider refuses; TimeoutError when it does not answer
   * @example
   * await PushService.disconnect({ user: 'ann' });
   */
  async disconnect<User = PushUser>(of: PageOwner<User>): Promise<number | undefined> {
    return disconnect(of, this.#runtime.configured);
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
   * Opens a stream: the reader gets the messages of channels, which the rules of `authorize` have allowed. It goes on
   * until it is closed, the service closes or is configured anew, or its user or session is logged out. It does not
   * fire `messageReceived`. `createPushHandler` of `pushrail/http` calls it for you.
   * @throws AuthenticationError with the status 401 when nobody is logged in, 403 when the user may not listen
   * @throws ValidationError for a wrong channel name, for no channel, and for more than 100
   * @throws UnsupportedOperationError when the backend cannot subscribe
   * @example
   * const stream = await push.openStream({ channels: ['orders'], user }, { message: ({ json }) => write(json), end });
   */
  async openStream(request: StreamRequest, reader: StreamReader): Promise<OpenStream> {
    return openStream(request, reader, await this.#runtime.configured.opened());
  }

  /**
   * Makes a token by which a page opens a stream, or a bare WebSocket of the embedded server, without a cookie: for
   * pages of other origins, and for clients that are no pages. It stands in the address, as `?token=…`, so it is for a
   * short time. It is for these channels alone, which the rules of `authorize` allow now.
   * @throws AuthenticationError with the status 401 when nobody is logged in, 403 when the user may not listen
   * @throws ValidationError for wrong options
   * @throws ConfigurationError when there is no secret to sign with
   * @example
   * response.json({ token: await PushService.streamToken({ user: request.user, channels: 'private-orders.42' }) });
   */
  async streamToken(options: StreamTokenOptions): Promise<string> {
    return streamToken(options, await this.#runtime.configured.opened());
  }

  /** @internal */
  override async reset(): Promise<void> {
    this.#rules.clear();
    await super.reset();
  }
}
