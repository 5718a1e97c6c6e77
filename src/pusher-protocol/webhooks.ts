import { type AppKeys, sign } from './signature.js';

/** The header with the public key of the application that signed a webhook. */
export const KEY_HEADER = 'X-Pusher-Key';
/** The header with a webhook's signature: the HMAC-SHA256 of its body with the application's secret. */
export const SIGNATURE_HEADER = 'X-Pusher-Signature';

/** The events of webhooks. Source: https://pusher.com/docs/channels/server_api/webhooks */
export const webhookEvents = [
  'channel_occupied',
  'channel_vacated',
  'member_added',
  'member_removed',
  'client_event',
  'cache_miss',
  'subscription_count',
] as const;

export type WebhookEventName = (typeof webhookEvents)[number];

/** An event in the body of a webhook. */
export interface WireEvent {
  readonly name: WebhookEventName;
  readonly channel: string;
  readonly user_id?: string;
  readonly event?: string;
  /** The data of a client event, as text; for anything but a text, its JSON. */
  readonly data?: string;
  readonly socket_id?: string;
  readonly subscription_count?: number;
}

/** The headers of a webhook with a body. */
export function webhookHeaders(body: string, { pubKey, secretKey }: AppKeys): Readonly<Record<string, string>> {
  return { 'Content-Type': 'application/json', [KEY_HEADER]: pubKey, [SIGNATURE_HEADER]: sign(body, secretKey) };
}
