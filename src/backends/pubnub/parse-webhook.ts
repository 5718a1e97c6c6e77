import { jsonBody } from '../../webhooks/json-body.js';
import { checkSecret } from '../../webhooks/shared-secret.js';
import type { WebhookEvent } from '../../webhooks/webhook-event.js';
import type { WebhookRequest } from '../../webhooks/webhook-request.js';
import type { CheckedOptions } from './options-schema.js';
import type { PubNubClient } from './pubnub-client.js';
import { webhookEvents } from './webhook-events.js';

/** Whose webhooks are taken. */
export interface WebhookTerms {
  readonly secret: string | readonly string[];
  readonly options: CheckedOptions;
  readonly api: PubNubClient;
  readonly backend: string;
}

/**
 * Verifies and reads a webhook of Events & Actions. There is no age limit: whoever could send an old one again knows the secret, and could
 * send a new one.
 * @throws AuthenticationError without the secret in its header; ValidationError when it is no JSON
 */
export function parseWebhook(request: WebhookRequest, { secret, options, api, backend }: WebhookTerms): WebhookEvent[] {
  checkSecret(request, secret, backend);
  const { userId, cipherKey } = options;
  const decrypt = (message: unknown): unknown => decrypted(message, api);
  return webhookEvents(jsonBody(request, backend), {
    backend,
    userId,
    ...(cipherKey !== undefined && { decrypt }),
  });
}

/** What was published encrypted comes as a text; undefined when the key is not that of the message. */
function decrypted(message: unknown, api: PubNubClient): unknown {
  if (typeof message !== 'string') return message;
  try {
    return api.decrypt(message);
  } catch {
    return undefined;
  }
}
