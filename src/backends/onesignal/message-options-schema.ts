import { z } from 'zod';
import { ConfigurationError, ValidationError } from '../../errors.js';
import type { PushNotification } from '../../message.js';
import { settingsCheck } from '../../schema-check.js';
import { isJsonObject } from './json-object.js';
import type { OneSignalMessageOptions } from './message-options.js';

/** Longest time to live, in seconds: 28 days. Source: https://documentation.onesignal.com/reference/push-notification, `ttl`. */
const MAX_TTL_SECONDS = 2_419_200;
/** Keys of the request that belong to the message, its recipients or the application. */
const ownKeys =
  /^(?:app_id|include_.+|included_segments|excluded_segments|filters|tags|email_to|target_channel|channel_for_external_user_ids|idempotency_key|external_id|data)$/;
/** What is shown, and so needs something to be shown with. */
const shown = ['translations', 'buttons', 'webButtons', 'image', 'appUrl', 'webUrl'] as const;

const nestedKeys = ['id', 'text', 'icon', 'url', 'title', 'body'];
const check: (value: unknown) => OneSignalMessageOptions = settingsCheck(
  '"backendOptions" of the onesignal backend',
  messageOptionsSchema,
  nestedKeys,
);

/** The schema of `backendOptions`, and of the option `defaults`. */
export function messageOptionsSchema(): z.ZodType<OneSignalMessageOptions> & { readonly shape: object } {
  const text = z.string().min(1, 'must not be empty');
  const json = z.custom<Record<string, unknown>>(isJsonObject, 'must be an object that holds nothing but JSON');
  const button = { id: text, text, icon: text.optional() };
  return z.strictObject({
    sendAfter: z
      .custom<Date | string>(isTime, 'must be a valid Date, or an ISO 8601 string with its time zone')
      .optional(),
    delayedOption: z.enum(['timezone', 'last-active']).optional(),
    deliveryTimeOfDay: z
      .custom<string>(isTimeOfDay, 'must be a time such as "9:00AM", "21:45" or "09:45:30"')
      .optional(),
    throttlePerMinute: z.number().int().min(0).optional(),
    enableFrequencyCap: z.boolean().optional(),
    ttl: z.number().int().min(0).max(MAX_TTL_SECONDS).optional(),
    priority: z.union([z.literal(5), z.literal(10)], 'must be 5 or 10').optional(),
    collapseId: z.custom<string>(isCollapseId, 'must be a string of 1 to 64 bytes').optional(),
    webPushTopic: text.optional(),
    translations: z.record(z.string(), z.strictObject({ title: text, body: text.optional() })).optional(),
    appUrl: text.optional(),
    webUrl: text.optional(),
    image: text.optional(),
    buttons: z.array(z.strictObject(button)).max(3, 'must hold at most 3').optional(),
    webButtons: z
      .array(z.strictObject({ ...button, url: text }))
      .max(2, 'must hold at most 2')
      .optional(),
    iosBadgeType: z.enum(['SetTo', 'Increase']).optional(),
    iosBadgeCount: z.number().int().optional(),
    iosSound: text.optional(),
    iosInterruptionLevel: z.enum(['active', 'passive', 'time_sensitive', 'critical']).optional(),
    androidChannelId: text.optional(),
    group: text.optional(),
    contentAvailable: z.boolean().optional(),
    templateId: text.optional(),
    customData: json.optional(),
    excludedSegments: z.array(text).optional(),
    name: text.max(128, 'must have at most 128 characters').optional(),
    body: json.optional(),
  });
}

/** ISO 8601 with a time zone, without which OneSignal would take the text as its own. */
const isoTime = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:?\d{2})$/;

function isTime(value: unknown): boolean {
  if (value instanceof Date) return !Number.isNaN(value.getTime());
  return typeof value === 'string' && isoTime.test(value) && !Number.isNaN(Date.parse(value));
}

function isTimeOfDay(value: unknown): boolean {
  return (
    typeof value === 'string' &&
    /^(?:(?:0?[1-9]|1[0-2]):[0-5]\d ?[AP]M|(?:[01]?\d|2[0-3])(?::[0-5]\d){1,2})$/i.test(value)
  );
}

function isCollapseId(value: unknown): boolean {
  return typeof value === 'string' && value !== '' && Buffer.byteLength(value) <= 64;
}

/**
 * Checks a message's options by themselves.
 * @throws ValidationError naming each key that is wrong, and the nearest one for a misspelt one
 */
export function checkMessageOptions(value: Readonly<Record<string, unknown>>): OneSignalMessageOptions {
  try {
    return check(value);
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    throw new ValidationError(error.message, { backend: 'onesignal' });
  }
}

/**
 * Checks what goes together with what.
 * @throws ValidationError
 */
export function checkTogether(
  options: OneSignalMessageOptions,
  notification: PushNotification | undefined,
  target: string,
): void {
  const { deliveryTimeOfDay, delayedOption, iosBadgeType, iosBadgeCount, templateId, customData } = options;
  if (deliveryTimeOfDay !== undefined && delayedOption !== 'timezone')
    throw refused('deliveryTimeOfDay', 'needs "delayedOption: \'timezone\'"');
  if ((iosBadgeType === undefined) !== (iosBadgeCount === undefined))
    throw refused('iosBadgeType', 'and "iosBadgeCount" go together');
  if (customData !== undefined && templateId === undefined) throw refused('customData', 'needs a "templateId"');
  if (options.excludedSegments !== undefined && target !== 'segments')
    throw refused('excludedSegments', 'needs the option "target: \'segments\'"');
  const lonely = shown.find((key) => options[key] !== undefined);
  const isShown = notification !== undefined || (templateId !== undefined && lonely !== 'translations');
  if (lonely !== undefined && !isShown) throw refused(lonely, 'needs a "notification" to be shown with');
  if (notification?.url !== undefined && (options.appUrl !== undefined || options.webUrl !== undefined))
    throw refused('appUrl', 'or "webUrl" cannot be set beside "notification.url"');
  const own = Object.keys(options.body ?? {}).find((key) => ownKeys.test(key));
  if (own !== undefined) throw refused(`body.${own}`, 'cannot be set: it comes from the message and the settings');
}

function refused(key: string, why: string): ValidationError {
  return new ValidationError(`"backendOptions.${key}" ${why}.`, { backend: 'onesignal' });
}
