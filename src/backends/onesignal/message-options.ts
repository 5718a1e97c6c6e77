import * as z from 'zod/mini';
import { ConfigurationError, ValidationError } from '../../core/errors.js';
import { settingsCheck } from '../../core/schema-check.js';
import { nonEmpty, whole } from '../../core/schema-parts.js';
import type { PushNotification } from '../../wire/message.js';

/** The title and body of a notification in another language. */
export type OneSignalTexts = {
  title?: string | undefined;
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
  /** The page that a click opens. */
  url: string;
};

/**
 * The `backendOptions` of a message with the onesignal backend. Source of the limits:
 * https://documentation.onesignal.com/reference/push-notification
 * @example
 * const backendOptions = { ttl: 3600, priority: 5 };
 * await push.send({ users: 'ann', data: null, notification: { title: 'Sale' }, backendOptions });
 */
export type OneSignalMessageOptions = {
  /** When to send: a Date, or an ISO 8601 string with a time zone. @default at once */
  sendAfter?: Date | string | undefined;
  /**
   * Sends to each user at the same local time, or at the hour when the user was last active.
   * @default to all users at once
   */
  delayedOption?: 'timezone' | 'last-active' | undefined;
  /** The local time for `delayedOption: 'timezone'`: `'9:00AM'`, `'21:45'` or `'09:45:30'`. */
  deliveryTimeOfDay?: string | undefined;
  /** Most notifications a minute, when the dashboard has throttling on; 0 for no limit. @default the dashboard's */
  throttlePerMinute?: number | undefined;
  /** `false` ignores the frequency cap of the dashboard. @default the dashboard's */
  enableFrequencyCap?: boolean | undefined;
  /**
   * How long an offline device can still get the notification, in seconds; up to 2 419 200 (28 days).
   * @default 259 200 (3 days)
   */
  ttl?: number | undefined;
  /**
   * 10 delivers at once, 5 when it suits the device's battery.
   * @default 10; 5 without a notification, which Apple requires
   */
  priority?: 5 | 10 | undefined;
  /** On phones, replaces an earlier notification with the same id. Up to 64 bytes (Apple's limit). */
  collapseId?: string | undefined;
  /** On the web, replaces an earlier notification with the same topic. */
  webPushTopic?: string | undefined;
  /**
   * The texts in other languages, by BCP 47 tag. Each has a `title` and a `body` where the notification has them, and
   * none where it has none.
   */
  translations?: Record<string, OneSignalTexts> | undefined;
  /** On phones, opened in place of `notification.url`. It may have the app's own scheme. */
  appUrl?: string | undefined;
  /** On the web, opened in place of `notification.url`. */
  webUrl?: string | undefined;
  /** Address of an image in the notification. */
  image?: string | undefined;
  /** Up to 3 buttons. */
  buttons?: OneSignalButton[] | undefined;
  /** Up to 2 buttons. */
  webButtons?: OneSignalWebButton[] | undefined;
  /** Changes the app's badge on iOS. Requires `iosBadgeCount`. */
  iosBadgeType?: 'SetTo' | 'Increase' | undefined;
  iosBadgeCount?: number | undefined;
  /** Name of a sound file in the app. */
  iosSound?: string | undefined;
  /** How much the notification disturbs the user on iOS. @default 'active' */
  iosInterruptionLevel?: 'active' | 'passive' | 'time_sensitive' | 'critical' | undefined;
  /** UUID of the Android notification channel. */
  androidChannelId?: string | undefined;
  /** Devices show notifications of the same group together. */
  group?: string | undefined;
  /** Also wakes the app in the background. @default false; always true without a notification */
  contentAvailable?: boolean | undefined;
  /** UUID of a template. It gives the texts of a message without a notification. */
  templateId?: string | undefined;
  /** The values of the template's placeholders. */
  customData?: Record<string, unknown> | undefined;
  /** Segments that do not get the message. Requires `target: 'segments'`. */
  excludedSegments?: string[] | undefined;
  /** Name of the message in the dashboard, up to 128 characters. */
  name?: string | undefined;
  /**
   * More keys of the request, by their names in the API. They replace ours. The application, the recipients, the
   * idempotency key and the data cannot be set here.
   */
  body?: Record<string, unknown> | undefined;
};

/**
 * Longest `ttl`, in seconds: 28 days. Source: https://documentation.onesignal.com/reference/push-notification, `ttl`.
 */
const MAX_TTL_SECONDS = 2_419_200;
/** Keys of the request that come from the message, its recipients or the application, so `body` cannot set them. */
const ownKeys =
  /^(?:app_id|include_.+|included_segments|excluded_segments|filters|tags|email_to|target_channel|channel_for_external_user_ids|idempotency_key|external_id|data)$/;
/** Options that are parts of a visible notification. */
const shown = ['translations', 'buttons', 'webButtons', 'image', 'appUrl', 'webUrl'] as const;

const check: (value: unknown) => OneSignalMessageOptions = settingsCheck(
  '"backendOptions" of the onesignal backend',
  messageOptionsSchema,
);

/** Makes the schema of `backendOptions` and of the option `defaults`. */
export function messageOptionsSchema(): z.ZodMiniType<OneSignalMessageOptions> & { readonly shape: object } {
  const text = nonEmpty();
  const json = z.custom<Record<string, unknown>>(isJsonObject, 'must be an object of JSON values');
  const button = { id: text, text, icon: z.optional(text) };
  return z.strictObject({
    sendAfter: z.optional(
      z.custom<Date | string>(isTime, 'must be a valid Date, or an ISO 8601 string with a time zone'),
    ),
    delayedOption: z.optional(z.enum(['timezone', 'last-active'])),
    deliveryTimeOfDay: z.optional(
      z.custom<string>(isTimeOfDay, 'must be a time such as "9:00AM", "21:45" or "09:45:30"'),
    ),
    throttlePerMinute: z.optional(whole(0)),
    enableFrequencyCap: z.optional(z.boolean()),
    ttl: z.optional(whole(0, MAX_TTL_SECONDS)),
    priority: z.optional(z.union([z.literal(5), z.literal(10)], 'must be 5 or 10')),
    collapseId: z.optional(z.custom<string>(isCollapseId, 'must be a string of 1 to 64 bytes')),
    webPushTopic: z.optional(text),
    translations: z.optional(z.record(z.string(), z.strictObject({ title: z.optional(text), body: z.optional(text) }))),
    appUrl: z.optional(text),
    webUrl: z.optional(text),
    image: z.optional(text),
    buttons: z.optional(z.array(z.strictObject(button)).check(z.maxLength(3, 'must hold at most 3'))),
    webButtons: z.optional(
      z.array(z.strictObject({ ...button, url: text })).check(z.maxLength(2, 'must hold at most 2')),
    ),
    iosBadgeType: z.optional(z.enum(['SetTo', 'Increase'])),
    iosBadgeCount: z.optional(z.int()),
    iosSound: z.optional(text),
    iosInterruptionLevel: z.optional(z.enum(['active', 'passive', 'time_sensitive', 'critical'])),
    androidChannelId: z.optional(text),
    group: z.optional(text),
    contentAvailable: z.optional(z.boolean()),
    templateId: z.optional(text),
    customData: z.optional(json),
    excludedSegments: z.optional(z.array(text)),
    name: z.optional(text.check(z.maxLength(128, 'must have at most 128 characters'))),
    body: z.optional(json),
  });
}

/** ISO 8601 with a time zone. Without one, OneSignal would take its own time zone. */
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
 * Checks each option of a message.
 * @throws ValidationError that names each wrong key, and the nearest key for a misspelt one
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
 * Checks the options of a message together, with its notification and the option `target`.
 * @throws ValidationError for options that do not go together
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
  const visible = shown.find((key) => options[key] !== undefined);
  const isShown = notification !== undefined || (templateId !== undefined && visible !== 'translations');
  if (visible !== undefined && !isShown) throw refused(visible, 'needs a "notification"');
  if (notification?.url !== undefined && (options.appUrl !== undefined || options.webUrl !== undefined))
    throw refused('appUrl', 'and "webUrl" cannot be set together with "notification.url"');
  const own = Object.keys(options.body ?? {}).find((key) => ownKeys.test(key));
  if (own !== undefined) throw refused(`body.${own}`, 'cannot be set: it comes from the message and the settings');
}

function refused(key: string, why: string): ValidationError {
  return new ValidationError(`"backendOptions.${key}" ${why}.`, { backend: 'onesignal' });
}

/** Deepest nesting of objects. JSON that is nested too deeply cannot be written. */
const MAX_DEPTH = 100;

/** Whether a value is an object that JSON can hold without loss. */
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
