import type { OutgoingMessage } from '../../message.js';
import type { OneSignalMessageOptions } from './message-options.js';
import type { NotificationTexts } from './notification-texts.js';

/** What the API calls the options that go as they are. */
const apiNames = {
  delayedOption: 'delayed_option',
  deliveryTimeOfDay: 'delivery_time_of_day',
  throttlePerMinute: 'throttle_rate_per_minute',
  enableFrequencyCap: 'enable_frequency_cap',
  ttl: 'ttl',
  priority: 'priority',
  collapseId: 'collapse_id',
  webPushTopic: 'web_push_topic',
  appUrl: 'app_url',
  webUrl: 'web_url',
  buttons: 'buttons',
  webButtons: 'web_buttons',
  iosBadgeType: 'ios_badgeType',
  iosBadgeCount: 'ios_badgeCount',
  iosSound: 'ios_sound',
  iosInterruptionLevel: 'ios_interruption_level',
  androidChannelId: 'android_channel_id',
  contentAvailable: 'content_available',
  templateId: 'template_id',
  customData: 'custom_data',
  excludedSegments: 'excluded_segments',
  name: 'name',
} as const;

/**
 * The request of a message, but for its recipients and the idempotency key. A snapshot: it is the same for every request and every
 * retry of the message, whatever becomes of the caller's object.
 */
export function notificationBody(
  message: OutgoingMessage,
  options: OneSignalMessageOptions,
  texts: NotificationTexts | undefined,
): Readonly<Record<string, unknown>> {
  const named = Object.entries(apiNames).map(([ours, theirs]) => [theirs, options[ours as keyof typeof apiNames]]);
  const { sendAfter, image, group, templateId } = options;
  // Without texts OneSignal takes a message only as a silent one, which is nothing but its data.
  // Source: https://documentation.onesignal.com/docs/data-notifications
  const isSilent = texts === undefined && templateId === undefined;
  return JSON.parse(
    JSON.stringify({
      ...(isSilent && { priority: 5 }),
      ...withoutUndefined(Object.fromEntries(named)),
      ...(isSilent && { content_available: true }),
      ...(texts && { contents: texts.contents, headings: texts.headings }),
      url: message.notification?.url,
      send_after: sendAfter === undefined ? undefined : new Date(sendAfter).toISOString(),
      ...(image !== undefined && { big_picture: image, chrome_web_image: image, ios_attachments: { image } }),
      ...(group !== undefined && { thread_id: group, android_group: group }),
      ...options.body,
      data: JSON.parse(message.payload),
    }),
  );
}

/** The options of a message, over those that hold for every message. */
export function mergedOptions(
  defaults: OneSignalMessageOptions,
  own: OneSignalMessageOptions,
): OneSignalMessageOptions {
  const merged = { ...defaults, ...withoutUndefined(own) };
  return defaults.body && own.body ? { ...merged, body: { ...defaults.body, ...own.body } } : merged;
}

function withoutUndefined<T extends object>(value: T): T {
  return Object.fromEntries(Object.entries(value).filter(([, inner]) => inner !== undefined)) as T;
}
