import { channelName, eventName } from '../../channels-protocol/names.js';
import type { WebhookEvent } from '../../webhooks/webhook-event.js';
import type { WebhookRequest } from '../../webhooks/webhook-request.js';
import type { AuthenticatedUser, ChannelAuthorization, PresenceMember, UserAuthentication } from '../authorization.js';
import type { BackendCapabilities } from '../capabilities.js';
import { type BackendMessageOptions, type BackendSettings, PushServiceWrapper } from '../push-service-wrapper.js';
import { checkMessage } from './check-message.js';
import { grantChannel, grantUser } from './grants.js';
import { parseWebhook } from './parse-webhook.js';
import type { CheckedWebhookOptions } from './webhook-options.js';

/** What the backends share that speak the Pusher Channels protocol, whoever serves it: names, checks and signatures. */
export abstract class ChannelsService<Api, Options extends object> extends PushServiceWrapper<Api, Options> {
  /** @throws ConfigurationError when a credential is missing */
  constructor(settings: BackendSettings<Options> = {}) {
    super(settings);
    this.requireCredentials('appId', 'pubKey', 'secretKey');
  }

  override get capabilities(): BackendCapabilities {
    return { ...super.capabilities, channelName, eventName, except: true };
  }

  /** The keys of `backendOptions` that this backend takes. */
  protected get messageOptions(): readonly string[] {
    return [];
  }

  override checkMessage(message: BackendMessageOptions): void {
    checkMessage(message, this.name, this.messageOptions);
  }

  /**
   * Signs a subscription.
   * @throws ValidationError when the arguments are not what the protocol takes
   */
  override authorizeChannel(socketId: string, channel: string, member?: PresenceMember): ChannelAuthorization {
    return grantChannel(this, socketId, channel, member);
  }

  /** @throws ValidationError when the arguments are not what the protocol takes */
  override authenticateUser(socketId: string, user: AuthenticatedUser): UserAuthentication {
    return grantUser(this, socketId, user);
  }

  protected abstract get webhookOptions(): CheckedWebhookOptions;

  /**
   * Verifies a webhook by the settings' keys and those of `webhookKeys`, and reads it.
   * @throws AuthenticationError when none of them has signed it, or it is older than `webhookMaxAgeMs`
   */
  override parseWebhook(request: WebhookRequest): readonly WebhookEvent[] {
    const { name: backend, pubKey, secretKey } = this;
    const { webhookKeys = [], webhookMaxAgeMs: maxAgeMs } = this.webhookOptions;
    return parseWebhook(request, { keys: [{ pubKey, secretKey }, ...webhookKeys], maxAgeMs, backend });
  }
}
