import { parseData } from '../../channels-protocol/parse-message.js';
import { isRecord } from '../../is-record.js';
import type { OtherEvent, WebhookEvent, WebhookEventBase } from '../../webhooks/webhook-event.js';

/** One event of a webhook's body. What has no type here, or lacks what its type needs, is `other`. */
export function webhookEvent(raw: unknown, base: WebhookEventBase): WebhookEvent {
  const fields = isRecord(raw) ? raw : {};
  const { name, channel } = fields;
  const other: OtherEvent = { ...base, type: 'other', name: typeof name === 'string' ? name : '' };
  return typeof channel === 'string' ? (typed(other.name, fields, { ...base, channel }) ?? other) : other;
}

function typed(
  name: string,
  fields: Readonly<Record<string, unknown>>,
  base: WebhookEventBase & { readonly channel: string },
): WebhookEvent | undefined {
  const userId = idOf(fields['user_id']);
  switch (name) {
    case 'channel_occupied':
      return { ...base, type: 'channelOccupied' };
    case 'channel_vacated':
      return { ...base, type: 'channelVacated' };
    case 'cache_miss':
      return { ...base, type: 'cacheMiss' };
    case 'member_added':
      return userId === undefined ? undefined : { ...base, type: 'memberAdded', userId };
    case 'member_removed':
      return userId === undefined ? undefined : { ...base, type: 'memberRemoved', userId };
    case 'subscription_count': {
      const subscriptionCount = countOf(fields['subscription_count']);
      return subscriptionCount === undefined ? undefined : { ...base, type: 'subscriptionCount', subscriptionCount };
    }
    case 'client_event': {
      const { event, data, socket_id: socketId } = fields;
      if (typeof event !== 'string') return undefined;
      return {
        ...base,
        type: 'clientEvent',
        event,
        data: parseData(data),
        ...(typeof socketId === 'string' && { socketId }),
        ...(userId !== undefined && { userId }),
      };
    }
    default:
      return undefined;
  }
}

/** A user's id, which some applications have as a number. */
function idOf(value: unknown): string | undefined {
  return typeof value === 'number' ? String(value) : typeof value === 'string' ? value : undefined;
}

/** A count, which Pusher's documentation has as a number in one place and as a text in another. */
function countOf(value: unknown): number | undefined {
  const count = typeof value === 'string' && value !== '' ? Number(value) : value;
  return typeof count === 'number' && Number.isInteger(count) ? count : undefined;
}
