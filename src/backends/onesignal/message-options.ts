import { z } from 'zod';
import { ConfigurationError, ValidationError } from '../../core/errors.js';
import { settingsCheck } from '../../core/schema-check.js';
import type { PushNotification } from '../../wire/message.js';

/** Title and body in a further language. */
export type OneSignalTexts = {
  title: string;
  body?: string | undefined;
};

/** A button of a notification on Android and iOS. */
export type OneSignalButton = {
  id: string;
  text: string;
  /** Name of an icon in the app. */
  icon?: string | undefined;
};

/** A button of a notification in Chrome. */
export type OneSignalWebButton = OneSignalButton & {
  /** Opened when the button is clicked. */
  url: string;
};

/**
 * What the onesignal backend takes as `backendOptions` of a message.
 * Source: https://documentation.onesignal.com/reference/push-notification
 */
export type OneSignalMessageOptions = {
  /** When to send: a Date, or an ISO 8601 string with its time zone. @default at once */
  sendAfter?: Date | string | undefined;
  /** Send to each user at the same local time, or when they were last active. @default to all at once */
  delayedOption?: 'timezone' | 'last-active' | undefined;
  /** The local time for `delayedOption: 'timezone'`: `'9:00AM'`, `'21:45'` or `'09:45:30'`. */
  deliveryTimeOfDay?: string | undefined;
  /** Notifications a minute, where throttling is on in the dashboard; 0 for no limit. @default the dashboard's */
  throttlePerMinute?: number | undefined;
  /** `false` sends past the frequency cap that is set in the dashboard. @default the dashboard's */
  enableFrequencyCap?: boolean | undefined;
  /** How long a device that is offline may still get it, in seconds, up to 2 419 200 (28 days). @default 259 200 (3 days) */
  ttl?: number | undefined;
  /** 10 at once, 5 when it suits the device's battery. @default 10; 5 without a notification, as Apple demands */
  priority?: 5 | 10 | undefined;
  /** Replaces an earlier notification with the same id, on phones; up to 64 bytes (Apple's limit). */
  collapseId?: string | undefined;
  /** The same on the web: notifications with different topics do not replace each other. */
  webPushTopic?: string | undefined;
  /** The texts in further languages, by BCP 47 tag. A `body` is needed exactly when the notification has one. */
  translations?: Record<string, OneSignalTexts> | undefined;
  /** Opened on phones in place of `notification.url`: a scheme of the app's own is possible. */
  appUrl?: string | undefined;
  /** Opened on the web in place of `notification.url`. */
  webUrl?: string | undefined;
  /** Address of an image that the notification shows. */
  image?: string | undefined;
  /** Up to 3. */
  buttons?: OneSignalButton[] | undefined;
  /** Up to 2. */
  webButtons?: OneSignalWebButton[] | undefined;
  /** What to do with the app's badge on iOS; goes with `iosBadgeCount`. */
  iosBadgeType?: 'SetTo' | 'Increase' | undefined;
  iosBadgeCount?: number | undefined;
  /** Name of a sound file in the app. */
  iosSound?: string | undefined;
  /** How much the notification may disturb. @default 'active' */
  iosInterruptionLevel?: 'active' | 'passive' | 'time_sensitive' | 'critical' | undefined;
  /** UUID of the Android notification channel. */
  androidChannelId?: string | undefined;
  /** Devices show notifications of the same group together. */
  group?: string | undefined;
  /** Wakes the app in the background as well. @default false; without a notification it is always sent so */
  contentAvailable?: boolean | undefined;
  /** UUID of a template, which brings the texts when the message has no notification. */
  templateId?: string | undefined;
  /** What the template's placeholders stand for. */
  customData?: Record<string, unknown> | undefined;
  /** Segments that do not get it, with `target: 'segments'`. */
  excludedSegments?: string[] | undefined;
  /** The name in the dashboard, up to 128 characters. */
  name?: string | undefined;
  /**
   * Any further keys of the request, as the API calls them; they go before ours. The application, the recipients, the
   * idempotency key and the data cannot be set here.
   */
  body?: Record<string, unknown> | undefined;
};

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

/** Levels of objects within each other: more would be more than reading and writing JSON has room for. */
const MAX_DEPTH = 100;

/** Whether a value is an object that JSON holds without loss: a cycle would go as text, and a function not at all. */
function isJsonObject(value: unknown): value is Record<string, unknown> {
  return isPlainObject(value) && isJson(value, new Set());
}

function isJson(value: unknown, ancestors: ReadonlySet<object>): boolean {
  if (typeof value !== 'object' || value === null) {
    return value === null || ['string', 'boolean', 'undefined'].includes(typeof value) || Number.isFinite(value);
  }
  if (ancestors.size > MAX_DEPTH || ancestors.has(value) || !(Array.isArray(value) || isPlainObject(value)))
    return false;
  const path = new Set([...ancestors, value]);
  return Object.values(value).every((inner) => isJson(inner, path));
}

function isPlainObject(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
