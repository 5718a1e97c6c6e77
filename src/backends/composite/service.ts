import { ConfigurationError, type PushError } from '../../core/errors.js';
import { checkName } from '../../core/names.js';
import type { Awaitable } from '../../core/until-aborted.js';
import type { SessionAdapter } from '../../sessions/adapter.js';
import type { WebhookEvent } from '../../webhooks/event.js';
import type { WebhookHeaders, WebhookRequest } from '../../webhooks/source.js';
import type { ClientConfig } from '../../wire/client-config.js';
import type { AddressedMessage, OutgoingMessage } from '../../wire/message.js';
import { askBackend, NOT_AUTHORISED } from '../contract/ask.js';
import type {
  AuthenticatedUser,
  ChannelAuthorization,
  ChannelInfo,
  PresenceMember,
  UserAuthentication,
} from '../contract/authorization.js';
import { BatchServiceWrapper } from '../contract/batch-wrapper.js';
import type { BackendCapabilities } from '../contract/capabilities.js';
import type { BackendHost } from '../contract/host.js';
import type { Listener } from '../contract/listening.js';
import type { BackendMessageOptions, EventParts } from '../contract/message.js';
import type { ChannelResult, RequestContext } from '../contract/request.js';
import type { BackendSettings } from '../contract/settings.js';
import type { SharedMemory } from '../contract/shared-memory.js';
import type { AnyBackend } from '../contract/wrapper.js';
import { type Asking, askFirst, disconnectAll, firstAble } from './asking.js';
import { composedCapabilities } from './capabilities.js';
import { Child, labelOf } from './child.js';
import { checkNamedBackends, ownOptions } from './child-message.js';
import { type CompositeOptions, checkComposite } from './options.js';
import type { Routing } from './routing.js';
import { ChildSubscriptions } from './subscriptions.js';
import { checkHeaders, readersIn, readWebhook, sharedMemoryOf } from './webhooks.js';

/** How long a backend has to open or to answer where the service does not say, in milliseconds. */
const DEFAULT_TIMEOUT_MS = 10_000;

/**
 * A backend that is made of others; `api` is the list of them. Each message is checked by all of them before anything
 * is sent, and each of them gets it in its own encoding. Its routing decides which of them a message goes to.
 */
export abstract class CompositeService extends BatchServiceWrapper<readonly AnyBackend[], CompositeOptions> {
  /** Its backends have theirs, or get the service's time here: one that does not answer may be one of several. */
  override readonly hasOwnDeadlines: boolean = true;
  readonly #children: readonly Child[];
  readonly #name: string;
  readonly #routing: Routing;
  readonly #capabilities: BackendCapabilities;
  /** The backends whose `subscribe` is called. */
  readonly #subscribers: readonly Child[];
  readonly #subscriptions: ChildSubscriptions;
  #timeout = DEFAULT_TIMEOUT_MS;

  /**
   * @param kind the name before the parentheses
   * @param routingOf makes the routing, for the composite of this name
   * @throws ConfigurationError when an option is wrong, or an instance is in it twice
   */
  constructor(
    settings: BackendSettings<CompositeOptions>,
    kind: string,
    routingOf: (name: string, children: readonly Child[]) => Routing,
  ) {
    super(settings);
    const { backends, ...limits } = checkComposite(settings, kind);
    this.#name = `${kind}(${backends.map(({ name }) => name).join(', ')})`;
    checkInstances(backends, this.#name);
    const host = { ...limits, name: this.#name, logger: () => this.logger, timeout: () => this.#timeout };
    this.#children = backends.map((backend, index) => new Child(backend, labelOf(backends, index), host));
    this.#routing = routingOf(this.#name, this.#children);
    const { sendsToAll } = this.#routing;
    const all = this.#children.map(({ capabilities }) => capabilities);
    this.#capabilities = composedCapabilities(all, sendsToAll);
    const able = this.#children.filter(({ capabilities }) => capabilities.subscribe);
    // A message that goes through all of them is to come in once.
    this.#subscribers = sendsToAll ? able.slice(0, 1) : able;
    this.#subscriptions = new ChildSubscriptions(this.#subscribers, host);
    this.api = [...backends];
    const own = backends.find(({ stringify }) => stringify !== undefined);
    if (own !== undefined) this.stringify = (data) => own.stringify?.(data) ?? '';
    const authorizer = firstAble('authorize', this.#children);
    const several = authorizer?.authorizeChannels;
    if (authorizer !== undefined && several !== undefined)
      this.authorizeChannels = (client, channels) => {
        const work = (): Awaitable<ChannelAuthorization> => several.call(authorizer, client, channels);
        return askBackend(authorizer, this.#timeout, work, 'authorise channels', NOT_AUTHORISED);
      };
  }

  override get name(): string {
    return this.#name;
  }

  override get capabilities(): BackendCapabilities {
    return this.#capabilities;
  }

  protected override sendBatch(
    channels: readonly string[],
    message: OutgoingMessage,
    context: RequestContext,
  ): Promise<readonly ChannelResult[]> {
    const messages = channels.map((channel) => ({ channel, message }));
    return this.#routing.route(messages, context);
  }

  protected override sendMessages(
    messages: readonly AddressedMessage[],
    context: RequestContext,
  ): Promise<readonly ChannelResult[]> {
    return this.#routing.route(messages, context);
  }

  /** Leaves `data` as JSON: each of the backends makes its own payload of it. */
  override encode({ json }: EventParts): string {
    return json;
  }

  /**
   * @throws ValidationError for what one of the backends does not take, and for `backendOptions` that are for none of
   * them
   */
  override checkMessage(message: BackendMessageOptions): void {
    const names = this.#children.map(({ backend }) => backend.name);
    checkNamedBackends(message.backendOptions, names, this.name);
    for (const { backend, capabilities } of this.#children) {
      checkName(message.event, 'event', capabilities.eventName, backend.name);
      backend.checkMessage({ ...message, backendOptions: ownOptions(message.backendOptions, backend.name) });
    }
  }

  override checkChannels(channels: readonly string[], message: OutgoingMessage): void {
    for (const { messages } of this.#children) messages.check(channels, message);
  }

  /**
   * Subscribes at every backend that can, so that what any of them delivers comes in, or at the first one where each
   * message goes to all. A backend that fails is tried again later.
   * @throws PushError when all of them fail
   */
  override async subscribe(channel: string): Promise<void> {
    if (this.#subscribers.length === 0) throw this.unsupported(`subscribe to "${channel}"`, 'none of its backends can');
    await this.#subscriptions.subscribe(channel);
  }

  override async unsubscribe(channel: string): Promise<void> {
    if (this.#subscribers.length === 0)
      throw this.unsupported(`unsubscribe from "${channel}"`, 'none of its backends can');
    await this.#subscriptions.unsubscribe(channel);
  }

  /** Signs by the first backend that can. */
  override authorizeChannel(client: string, channel: string, member?: PresenceMember): Awaitable<ChannelAuthorization> {
    const ask = (backend: AnyBackend): Awaitable<ChannelAuthorization> =>
      backend.authorizeChannel(client, channel, member);
    return (
      askFirst('authorize', ask, `authorise "${channel}"`, this.#asking) ??
      super.authorizeChannel(client, channel, member)
    );
  }

  /** Signs by the first backend that can. */
  override authenticateUser(socketId: string, user: AuthenticatedUser): Awaitable<UserAuthentication> {
    const ask = (backend: AnyBackend): Awaitable<UserAuthentication> => backend.authenticateUser(socketId, user);
    return askFirst('authenticate', ask, 'sign a user in', this.#asking) ?? super.authenticateUser(socketId, user);
  }

  /** Takes the headers that any of its backends takes. @throws AuthenticationError when none does */
  override checkWebhookHeaders(headers: WebhookHeaders): void {
    checkHeaders(this.#webhookReaders, headers);
  }

  /** Reads a webhook of whichever backend's provider has signed it. @throws AuthenticationError when none has */
  override parseWebhook(request: WebhookRequest): Promise<readonly WebhookEvent[]> {
    return readWebhook(this.#webhookReaders, request);
  }

  /** The memory of the first one that has any: the service handles the webhooks of all. */
  override get sharedMemory(): SharedMemory | undefined {
    return sharedMemoryOf(this.#children);
  }

  get #webhookReaders(): readonly AnyBackend[] {
    return readersIn(this.#children, () => this.unsupported('read webhooks', 'none of its backends can'));
  }

  /** Asks the first backend that can tell. The others' subscribers are not counted. */
  override async channelInfo(channel: string): Promise<ChannelInfo> {
    const ask = (backend: AnyBackend): Promise<ChannelInfo> => backend.channelInfo(channel);
    return askFirst('presence', ask, `tell about "${channel}"`, this.#asking) ?? super.channelInfo(channel);
  }

  /** Asks the first backend that can tell, as {@link channelInfo} does. */
  override async channelUsers(channel: string): Promise<readonly string[]> {
    const ask = (backend: AnyBackend): Promise<readonly string[]> => backend.channelUsers(channel);
    return askFirst('presence', ask, `list the users of "${channel}"`, this.#asking) ?? super.channelUsers(channel);
  }

  /** Tells all backends: a composite does not know which of them the client is connected to. */
  override clientAsked(client: string, who: Listener): void {
    for (const { backend } of this.#children) backend.clientAsked?.(client, who);
  }

  override disconnect(who: Listener): Promise<number | undefined> {
    return disconnectAll(who, this.#asking);
  }

  get #asking(): Asking {
    return { children: this.#children, timeout: this.#timeout };
  }

  /** The configuration of the first backend that has one, because a page connects to one provider. */
  override clientConfig(): Omit<ClientConfig, 'backend' | 'channels'> {
    return this.#clientSide.clientConfig();
  }

  override get clientBackend(): string {
    return this.#clientSide.clientBackend;
  }

  get #clientSide(): AnyBackend {
    const backends = this.#children.map(({ backend }) => backend);
    const [first] = backends;
    return backends.find((backend) => Object.keys(backend.clientConfig()).length > 0) ?? (first as AnyBackend);
  }

  /** The default of the first backend. */
  override defaultSessions(): SessionAdapter {
    return this.#children[0]?.backend.defaultSessions() ?? super.defaultSessions();
  }

  /**
   * Opens all backends at once. Where each message goes to all, one that cannot be opened is an error, and the others
   * are closed. Where it goes to one, that backend, or one that does not open in time, is logged and left out, and
   * opened anew when it is tried again.
   * @throws PushError when a backend that is needed cannot be opened, or none can
   */
  override async open(): Promise<void> {
    if (this.#routing.sendsToAll) return this.#openAll();
    const failures = await Promise.all(this.#children.map((child) => child.openIfPossible()));
    if (failures.every((failure) => failure !== undefined)) throw failures[0];
  }

  async #openAll(): Promise<void> {
    const ends = await Promise.allSettled(this.#children.map((child) => child.open()));
    const failed = ends.find((end) => end.status === 'rejected');
    if (failed === undefined) return;
    await this.close().catch(() => {});
    throw failed.reason;
  }

  /** Closes all backends, also when one of them fails. @throws PushError the first failure */
  override async close(): Promise<void> {
    this.#subscriptions.close();
    const ends = await Promise.allSettled(this.#children.map((child) => child.close()));
    const failed = ends.find((end) => end.status === 'rejected');
    if (failed !== undefined) throw failed.reason as PushError;
  }

  /** Connects all backends to the service, or none. */
  override connect(host: BackendHost): () => void {
    this.#timeout = host.timeout ?? DEFAULT_TIMEOUT_MS;
    const releases: (() => void)[] = [];
    const release = (): void => {
      for (const end of releases) end();
    };
    try {
      releases.push(super.connect(host));
      for (const { backend } of this.#children) releases.push(backend.connect(host));
    } catch (error) {
      release();
      throw error;
    }
    return release;
  }

  override redact(text: string): string {
    return this.#children.reduce((rest, { backend }) => backend.redact(rest), text);
  }

  override toJSON(): object {
    const { backends, ...options } = this.options;
    return { backend: this.name, options: { backends: backends.map((backend) => backend.toJSON()), ...options } };
  }
}

function checkInstances(backends: readonly AnyBackend[], composite: string): void {
  const all = backends.flatMap(leavesOf);
  const twice = all.find((backend, index) => all.indexOf(backend) !== index);
  if (twice === undefined) return;
  throw new ConfigurationError(
    `The same instance of the ${twice.name} backend is in ${composite} twice: make a second instance.`,
    { backend: composite },
  );
}

function leavesOf(backend: AnyBackend): readonly AnyBackend[] {
  return backend instanceof CompositeService ? backend.api.flatMap(leavesOf) : [backend];
}
