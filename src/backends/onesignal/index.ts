import type { KeyObject } from 'node:crypto';
import { ConfigurationError, TimeoutError, ValidationError } from '../../core/errors.js';
import { DeliveryError } from '../../core/report.js';
import { identifyUser, type SessionAdapter } from '../../sessions/adapter.js';
import { memorySessions } from '../../sessions/memory.js';
import { userChannels } from '../../sessions/user-channels.js';
import type { WebhookEvent } from '../../webhooks/event.js';
import { jsonBody } from '../../webhooks/read.js';
import type { WebhookHeaders, WebhookRequest } from '../../webhooks/source.js';
import { checkSecret, WEBHOOK_SECRET_ADVICE } from '../../webhooks/verify.js';
import { isRecord } from '../../wire/is-record.js';
import type { JsonValue, OutgoingMessage } from '../../wire/message.js';
import { oneSignalEnvelopeJson } from '../../wire/onesignal-envelope.js';
import type { AboutBackend } from '../contract/about.js';
import type { GivenUser, UserAuthentication } from '../contract/authorization.js';
import { BatchServiceWrapper } from '../contract/batch-wrapper.js';
import type { BackendCapabilities } from '../contract/capabilities.js';
import { asPushError } from '../contract/failure.js';
import type { BackendMessageOptions, EventParts } from '../contract/message.js';
import type { ChannelResult, RequestContext } from '../contract/request.js';
import type { BackendSettings } from '../contract/settings.js';
import { hideProperty } from '../sdk/hidden-secrets.js';
import { loadSdk } from '../sdk/peer.js';
import { proxyTo } from '../sdk/provider-proxy.js';
import { fieldsOf, namedAsInvalid, notCreated, readAnswer, reasonOf, unreadable } from './answer.js';
import { apiCall, type OneSignalClient, type OneSignalResponse } from './api-call.js';
import { identityKey, identityToken } from './identity-token.js';
import { idempotencyKey, MessageBodies } from './message-bodies.js';
import { type CheckedOptions, checkOptions, type OneSignalOptions } from './options.js';
import { comparable, isUuid, MAX_RECIPIENTS, recipientsOf, targeting } from './recipients.js';
import { webhookEvents } from './webhooks.js';

export type { OneSignalClient, OneSignalResponse } from './api-call.js';
export type {
  OneSignalButton,
  OneSignalMessageOptions,
  OneSignalTexts,
  OneSignalWebButton,
} from './message-options.js';
export type { OneSignalOptions } from './options.js';

type ClientClass = new (appId: string, key: string, options: object) => OneSignalClient;

/**
 * The `onesignal` backend: sends push notifications through OneSignal, with the package `onesignal-node`.
 * @example
 * const push = createPushService({ backend: OneSignalService, appId, secretKey });
 * const notification = { title: 'Your order is on its way' };
 * await push.send({ users: 'ann', event: 'order.shipped', data: { orderId: 42 }, notification });
 */
export class OneSignalService extends BatchServiceWrapper<OneSignalClient, OneSignalOptions> {
  /** @internal */
  static readonly about: AboutBackend = {
    purpose: 'push notifications to devices',
    needs: 'an account, `npm install onesignal-node`',
    guide: 'docs/backends/onesignal.md',
    clientDriver: 'onesignal',
  };

  readonly #checked: CheckedOptions;
  readonly #bodies: MessageBodies;
  readonly #identityKey: KeyObject | undefined;
  #hasWarned = false;

  /** @throws ConfigurationError for a missing credential or package, and for a wrong option */
  constructor(settings: BackendSettings<OneSignalOptions> = {}) {
    super(settings);
    this.requireCredentials('appId', 'secretKey');
    // The SDK puts both unchanged into addresses and a header. And pages get the app id, so it must not be the key.
    if (!isUuid(this.appId)) throw this.#misconfigured('"appId" must be the UUID that the dashboard shows');
    if (!/^[\x21-\x7e]+$/.test(this.secretKey))
      throw this.#misconfigured('"secretKey" has characters that are in no REST API key');
    this.#checked = checkOptions(this.options, this.useSsl);
    const { identityPrivateKey } = this.#checked;
    this.#identityKey = identityPrivateKey === undefined ? undefined : identityKey(identityPrivateKey);
    this.#bodies = new MessageBodies(this.#checked, (language) => this.#warnOfEnglish(language));
    const Client =
      this.#checked.OneSignal ??
      loadSdk<{ Client: ClientClass }>('onesignal-node', 'the onesignal backend', 'OneSignal').Client;
    this.api = new (Client as ClientClass)(this.appId, this.secretKey, { apiRoot: this.#checked.apiRoot });
    hideProperty(this.api, 'apiKey');
  }

  #misconfigured(what: string): ConfigurationError {
    return new ConfigurationError(`The onesignal backend: ${what}.`, { backend: this.name });
  }

  override get name(): string {
    return 'onesignal';
  }

  override get capabilities(): BackendCapabilities {
    const { target, maxDataBytes, webhookSecret } = this.#checked;
    return {
      ...super.capabilities,
      // A user in several segments gets one notification only if one request names all segments.
      maxChannelsPerRequest: target === 'segments' ? Number.POSITIVE_INFINITY : MAX_RECIPIENTS,
      maxPayloadBytes: maxDataBytes,
      subscribe: false,
      authenticate: this.#identityKey !== undefined,
      clientIs: 'user',
      webhooks: webhookSecret !== undefined,
      idempotent: true,
      idempotencyKey: true,
    };
  }

  /** Makes the data of a notification: `{ event, id, data }`. */
  override encode(parts: EventParts): string {
    return oneSignalEnvelopeJson(parts);
  }

  override checkMessage({ notification, backendOptions }: BackendMessageOptions): void {
    this.#bodies.check({ notification, backendOptions });
  }

  override checkChannels(channels: readonly string[]): void {
    recipientsOf(channels, this.#checked);
  }

  #warnOfEnglish(filledFrom: string): void {
    // Whoever set the option "language" knows.
    if (this.options.language !== undefined || this.#hasWarned) return;
    this.#hasWarned = true;
    this.logger.warn(
      { backend: this.name, language: filledFrom },
      `A notification in "${filledFrom}" has no English texts. OneSignal requires them, so its own texts are also sent as English. Add English texts as backendOptions.translations.en, or set the option "language" to stop this warning.`,
    );
  }

  protected override async sendBatch(
    channels: readonly string[],
    message: OutgoingMessage,
    { signal }: RequestContext,
  ): Promise<readonly ChannelResult[]> {
    const { target, aliasLabel } = this.#checked;
    const recipients = recipientsOf(channels, this.#checked);
    const unique = [...new Set(recipients)];
    const body = {
      ...this.#bodies.of(message),
      ...targeting(unique, this.#checked),
      app_id: this.appId,
      idempotency_key: idempotencyKey(message, target === 'aliases' ? aliasLabel : target, unique),
    };
    const created = await this.#call(signal, () => this.api.createNotification(body));
    const answer = readAnswer(created, (text) => this.redact(text));
    const { id, reasons } = answer;
    if (id === '') {
      const error = notCreated(answer);
      return channels.map((channel) => ({ channel, error }));
    }
    if (reasons !== '') this.logger.warn({ backend: this.name, notificationId: id }, `OneSignal: ${reasons}`);
    const info = { notificationId: id };
    // An id means that somebody was sent the notification: the only recipient.
    if (unique.length === 1) return channels.map((channel) => ({ channel, info }));
    const error = namedAsInvalid(target);
    const listed = new Set([...answer.listed].map((name) => comparable(name, target)));
    return channels.map((channel, index) =>
      listed.has(recipients[index] ?? '') ? { channel, error } : { channel, info },
    );
  }

  /**
   * Cancels a scheduled notification, or stops one that is being sent. Some devices may have it already.
   * @param notificationId the id in the report: `report.info[channel].notificationId`
   * @throws ValidationError for a wrong id
   * @throws DeliveryError when OneSignal refuses, for example because the notification has been sent
   */
  async cancel(notificationId: string): Promise<void> {
    const body = await this.#query(notificationId, (id) => this.api.cancelNotification(id));
    const { success, errors } = fieldsOf(body);
    if (success !== false && errors === undefined) return;
    throw new DeliveryError(
      `OneSignal did not cancel the notification: ${reasonOf(body, (text) => this.redact(text))}`,
      {
        backend: this.name,
        outcome: 'rejected',
      },
    );
  }

  /**
   * Asks OneSignal about a notification. The answer has the API's own fields, such as `successful`, `failed` and
   * `converted`. Source: https://documentation.onesignal.com/reference/view-message
   * @param notificationId the id in the report: `report.info[channel].notificationId`
   * @throws ValidationError for a wrong id
   * @throws DeliveryError when OneSignal refuses
   */
  async viewNotification(notificationId: string): Promise<Readonly<Record<string, JsonValue>>> {
    const body = await this.#query(notificationId, (id) => this.api.viewNotification(id));
    return body as Readonly<Record<string, JsonValue>>;
  }

  /** Makes a request about a notification, with its own deadline. @returns a JSON object */
  async #query(notificationId: string, work: (id: string) => Promise<OneSignalResponse>): Promise<object> {
    // The SDK puts the id into the address unchanged.
    if (!isUuid(notificationId))
      throw new ValidationError('The id of a notification must be a UUID: pass report.info[channel].notificationId.', {
        backend: this.name,
      });
    const { requestTimeoutMs } = this.#checked;
    const signal = AbortSignal.timeout(requestTimeoutMs);
    try {
      const body = await this.#call(signal, () => work(notificationId));
      if (!isRecord(body)) throw unreadable();
      return body;
    } catch (error) {
      if (signal.aborted)
        throw new TimeoutError(`OneSignal did not answer within ${requestTimeoutMs} ms.`, { backend: this.name });
      throw asPushError(error, this);
    }
  }

  #call(signal: AbortSignal, work: () => Promise<OneSignalResponse>): Promise<unknown> {
    const { origin } = new URL(this.#checked.apiRoot);
    const proxy = proxyTo(origin, this.#checked.proxy);
    const access = { origin, proxy, secretKey: this.secretKey, redact: (text: string) => this.redact(text) };
    return apiCall(access, signal, work);
  }

  /** Always fails, because only devices receive from OneSignal. @throws UnsupportedOperationError */
  override async subscribe(channel: string): Promise<void> {
    throw this.unsupported(
      `subscribe to "${channel}"`,
      'it sends to devices. To hear on the server what was sent, received or clicked, set up an Event Stream in the OneSignal dashboard (Data > Event Streams), or a webhook step in a Journey, that posts to your server',
    );
  }

  /**
   * Makes the token for `OneSignal.login(userId, auth)` in a page or an app.
   * @param _client not used, because OneSignal knows a client only by its user
   * @throws UnsupportedOperationError without the option `identityPrivateKey`
   */
  override authenticateUser(_client: string, { id: given }: GivenUser): UserAuthentication {
    const { identityTokenTtlMinutes: ttlMinutes } = this.#checked;
    const key = this.#identityKey;
    if (key === undefined) throw this.unsupported('sign users in', 'set the option "identityPrivateKey"');
    const id = identifyUser(given);
    return {
      auth: identityToken(key, { appId: this.appId, userId: id, ttlMinutes }),
      user_data: JSON.stringify({ id }),
    };
  }

  /** @throws AuthenticationError when they do not hold the option `webhookSecret` */
  override checkWebhookHeaders(headers: WebhookHeaders): void {
    const { webhookSecret } = this.#checked;
    if (webhookSecret === undefined) throw this.unsupported('read webhooks', WEBHOOK_SECRET_ADVICE);
    checkSecret(headers, webhookSecret, this.name);
  }

  /**
   * Reads a webhook of an Event Stream. It has no age limit, because whoever can repeat an old webhook knows the secret
   * and can also send new ones.
   * @throws AuthenticationError when its header does not match the option `webhookSecret`
   */
  override parseWebhook(request: WebhookRequest): readonly WebhookEvent[] {
    this.checkWebhookHeaders(request.headers);
    return webhookEvents(jsonBody(request, this.name), this.name);
  }

  /** The app id for OneSignal's SDK, and whether channels are external ids that a client can log in with. */
  override clientConfig(): { appId: string; usesExternalId?: false } {
    const { target, aliasLabel } = this.#checked;
    const usesExternalId = target === 'aliases' && aliasLabel === 'external_id';
    return { appId: this.appId, ...(!usesExternalId && { usesExternalId }) };
  }

  /** With aliases, the user's id is the channel, and nothing is stored. */
  override defaultSessions(): SessionAdapter {
    return this.#checked.target === 'aliases' ? userChannels() : memorySessions();
  }
}
