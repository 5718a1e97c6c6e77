import * as z from 'zod/mini';
import { nonEmpty } from '../../core/schema-parts.js';
import { type WebhookEventName, webhookEvents } from '../../pusher-protocol/webhooks.js';
import { isRecord } from '../../wire/is-record.js';

/** A webhook that the embedded server sends: one POST for up to `webhookBatchEvents` events, signed as Pusher signs. */
export interface WebSocketWebhook {
  /**
   * The `http:` or `https:` address that it is posted to. Logs show it without its query; put secrets into
   * `headers`.
   */
  url: string;
  /** The events that are sent. @default all events */
  events?: readonly WebhookEventName[] | undefined;
  /**
   * Only events of channels whose name begins with one of these are sent, such as `'presence-'`.
   * @default every channel
   */
  channelPrefixes?: readonly string[] | undefined;
  /**
   * Events of channels whose name begins with one of these are left out, also where `channelPrefixes` would take them.
   * Pusher's libraries for PHP and Go need `['private-encrypted-']`: they take each event of such a channel for an
   * encrypted one, and fail at the whole webhook.
   * @default none
   */
  exceptChannelPrefixes?: readonly string[] | undefined;
  /** Further headers, such as `Authorization`. @default none */
  headers?: Readonly<Record<string, string>> | undefined;
}

/** Headers that `fetch` sets itself: it refuses or ignores them when they are given. */
const connectionHeaders: ReadonlySet<string> = new Set([
  'content-length',
  'expect',
  'host',
  'keep-alive',
  'transfer-encoding',
  'upgrade',
]);

/** Makes the schema of a webhook. */
export function webhook(): z.ZodMiniType<WebSocketWebhook> {
  const url = z.custom<string>(
    isWebhookUrl,
    'must be an address such as "https://example.com/webhook", without a user and password (use "headers")',
  );
  const headers = z.custom<Record<string, string>>(
    areHeaders,
    "must be an object of header names and their texts, none of which is the connection's own, such as Host",
  );
  const prefixes = z.optional(z.array(nonEmpty()).check(z.minLength(1, 'must have a prefix')));
  return z.strictObject({
    url,
    events: z.optional(z.array(z.enum(webhookEvents)).check(z.minLength(1, 'must name an event'))),
    channelPrefixes: prefixes,
    exceptChannelPrefixes: prefixes,
    headers: z.optional(headers),
  });
}

function isWebhookUrl(value: unknown): boolean {
  if (typeof value !== 'string' || !URL.canParse(value)) return false;
  const { protocol, username, password } = new URL(value);
  return /^https?:$/.test(protocol) && username + password === '';
}

function areHeaders(value: unknown): boolean {
  if (!isRecord(value)) return false;
  try {
    const names = [...new Headers(value as Record<string, string>).keys()];
    if (names.some((name) => connectionHeaders.has(name))) return false;
    return Object.values(value).every((text) => typeof text === 'string');
  } catch {
    return false;
  }
}
