import type { WireEvent } from '../../pusher-protocol/webhooks.js';
import type { WebSocketWebhook } from './options.js';

/** Whether a webhook's options ask for an event. */
export function takes(webhook: WebSocketWebhook, { name, channel }: Pick<WireEvent, 'name' | 'channel'>): boolean {
  const { events, channelPrefixes, exceptChannelPrefixes = [] } = webhook;
  if (events !== undefined && !events.includes(name)) return false;
  const beginsWith = (prefix: string): boolean => channel.startsWith(prefix);
  if (exceptChannelPrefixes.some(beginsWith)) return false;
  return channelPrefixes === undefined || channelPrefixes.some(beginsWith);
}
