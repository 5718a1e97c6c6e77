import { type AppKeys, sign } from './signature.js';

/** Headers of a webhook: which key signs it, and the HMAC-SHA256 of its body with that key's secret. */
export const KEY_HEADER = 'X-Pusher-Key';
export const SIGNATURE_HEADER = 'X-Pusher-Signature';

/** What webhooks tell of. Source: https://pusher.com/docs/channels/server_api/webhooks */
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

/** An event as it stands in a webhook's body. */
export interface WireEvent {
  readonly name: WebhookEventName;
  readonly channel: string;
  readonly user_id?: string;
  readonly event?: string;
  /** The data as text; for anything but a text, its JSON. */
  readonly data?: string;
  readonly socket_id?: string;
  readonly subscription_count?: number;
}

/** The headers of a webhook with this body. */
export function webhookHeaders(body: string, { pubKey, secretKey }: AppKeys): Readonly<Record<string, string>> {
  return { 'Content-Type': 'application/json', [KEY_HEADER]: pubKey, [SIGNATURE_HEADER]: sign(body, secretKey) };
}
