import { ValidationError } from '../../core/errors.js';
import { didYouMean } from '../../core/schema-check.js';
import { channelName, eventName, isSocketId } from '../../pusher-protocol/names.js';
import type { WebhookEvent } from '../../webhooks/event.js';
import type { CheckedWebhookOptions } from '../../webhooks/options.js';
import type { WebhookHeaders, WebhookRequest } from '../../webhooks/source.js';
import type { ApiCommand, ApiParameters, ApiQuery } from '../contract/api-request.js';
import type { ChannelAuthorization, GivenMember, GivenUser, UserAuthentication } from '../contract/authorization.js';
import { BatchServiceWrapper } from '../contract/batch-wrapper.js';
import type { BackendCapabilities } from '../contract/capabilities.js';
import type { BackendMessageOptions } from '../contract/message.js';
import type { BackendSettings } from '../contract/settings.js';
import { type CheckedApiRequest, checkedCommand, checkedQuery } from './api-request.js';
import { grantChannel, grantUser } from './grants.js';
import { checkHeaders, parseWebhook, type WebhookTerms } from './webhooks.js';

/** The base of all backends with the Pusher Channels protocol: its names, checks, signatures and webhooks. */
export abstract class ChannelsService<Api, Options extends object> extends BatchServiceWrapper<Api, Options> {
  /** @throws ConfigurationError when a credential is missing */
  constructor(settings: BackendSettings<Options> = {}) {
    super(settings);
    this.requireCredentials('appId', 'pubKey', 'secretKey');
  }

  override get capabilities(): BackendCapabilities {
    return { ...super.capabilities, channelName, eventName, except: true, keepsOrder: () => true };
  }

  override readonly hasOwnDeadlines: boolean = true;

  /** The keys that the backend takes in `backendOptions`. */
  protected get messageOptions(): readonly string[] {
    return [];
  }

  override checkMessage(message: BackendMessageOptions): void {
    checkMessage(message, this.name, this.messageOptions);
  }

  /** Signs a subscription. @throws ValidationError for arguments that the protocol does not take */
  override authorizeChannel(socketId: string, channel: string, member?: GivenMember): ChannelAuthorization {
    return grantChannel(this, this.capabilities.channelName, socketId, channel, member);
  }

  /** Signs a connection in as a user. @throws ValidationError for arguments that the protocol does not take */
  override authenticateUser(socketId: string, user: GivenUser): UserAuthentication {
    return grantUser(this, socketId, user);
  }

  /**
   * Asks the HTTP API, at a path below `/apps/APPID`: `get('channels')` or `get({ path: '/channels', params })`.
   * @returns the answer, parsed from JSON
   * @throws ValidationError for a wrong path or parameter, before anything is sent
   * @throws PushError when the request fails
   * @example
   * await backend.get('/channels/orders', { info: 'subscription_count' });
   */
  override async get(query: string | ApiQuery, params?: ApiParameters): Promise<unknown> {
    return this.requestApi(checkedQuery(query, params));
  }

  /** Posts JSON to the HTTP API. The rest is as for {@link get}. */
  override async post(command: string | ApiCommand, body?: object, params?: ApiParameters): Promise<unknown> {
    return this.requestApi(checkedCommand(command, body, params));
  }

  /** Makes a request to the HTTP API. @returns the answer, parsed from JSON */
  protected abstract requestApi(request: CheckedApiRequest): Promise<unknown>;

  protected abstract get webhookOptions(): CheckedWebhookOptions;

  /** @throws AuthenticationError for headers with an unknown key, or without what may be a signature */
  override checkWebhookHeaders(headers: WebhookHeaders): void {
    checkHeaders(headers, this.#webhookTerms);
  }

  /**
   * Verifies and reads a webhook. It must be signed with the keys of the settings, or with those in `webhookKeys`.
   * @throws AuthenticationError for a wrong signature, and for a webhook older than `webhookMaxAgeMs`
   */
  override parseWebhook(request: WebhookRequest): readonly WebhookEvent[] {
    return parseWebhook(request, this.#webhookTerms);
  }

  get #webhookTerms(): WebhookTerms {
    const { name: backend, pubKey, secretKey } = this;
    const { webhookKeys = [], webhookMaxAgeMs: maxAgeMs } = this.webhookOptions;
    return { keys: [{ pubKey, secretKey }, ...webhookKeys], maxAgeMs, backend };
  }
}

/**
 * Checks `except` and `backendOptions` of a message.
 * @param known the keys that the backend takes in `backendOptions`
 * @throws ValidationError for an `except` that is no socket id, and for an unknown key
 */
function checkMessage(
  { except, backendOptions }: BackendMessageOptions,
  backend: string,
  known: readonly string[],
): void {
  if (except !== undefined && !isSocketId(except)) {
    throw new ValidationError(
      '"except" must be a socket id such as "1234.5678", or a request with the header X-Socket-ID.',
    );
  }
  const unknown = Object.keys(backendOptions ?? {}).find((key) => !known.includes(key));
  if (unknown === undefined) return;
  throw new ValidationError(
    known.length === 0
      ? `The ${backend} backend takes no "backendOptions": leave out "${unknown}".`
      : `The ${backend} backend has no "backendOptions" key "${unknown}"${didYouMean(unknown, known)}`,
    { backend },
  );
}
