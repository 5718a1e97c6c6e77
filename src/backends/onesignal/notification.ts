import { ValidationError } from '../../core/errors.js';
import type { OutgoingMessage, PushNotification } from '../../wire/message.js';
import type { OneSignalMessageOptions, OneSignalTexts } from './message-options.js';

/** The names in the API of the options that are sent unchanged. */
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

/** The texts of a notification, by OneSignal's language codes. */
export interface NotificationTexts {
  /** Missing when the notification has only a title. The title is then the content, which OneSignal requires. */
  readonly headings?: Readonly<Record<string, string>>;
  readonly contents: Readonly<Record<string, string>>;
  /** The language whose texts stand for the English ones as well, which were missing. */
  readonly filledFrom?: string;
}

/**
 * Makes the request body of a message, without recipients and idempotency key. It is a copy, so later changes of the
 * caller's object do not reach other requests and retries of the message.
 */
export function notificationBody(
  message: OutgoingMessage,
  options: OneSignalMessageOptions,
  texts: NotificationTexts | undefined,
): Readonly<Record<string, unknown>> {
  const named = Object.entries(apiNames).map(([ours, theirs]) => [theirs, options[ours as keyof typeof apiNames]]);
  const { sendAfter, image, group, templateId } = options;
  // OneSignal takes a message without texts only as a silent one, with data alone.
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

/** Merges a message's own options over the option `defaults`. */
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

/**
 * Sorts the texts of a notification by language. OneSignal requires English, which it shows on devices in any other
 * language. Without English texts, the notification's own texts are also sent as English.
 * @param language the language of a notification without `locale`
 * @throws ValidationError for translations that do not fit the notification
 */
export function notificationTexts(
  { title, body, locale }: PushNotification,
  translations: Readonly<Record<string, OneSignalTexts>>,
  language: string,
): NotificationTexts {
  const own = languageCode(locale ?? language);
  const texts = new Map<string, OneSignalTexts>([[own, { title, body }]]);
  for (const [tag, translation] of Object.entries(translations)) {
    const code = languageCode(tag);
    if (texts.has(code)) throw refused(tag, `the language "${code}" has texts already`);
    for (const [part, ofNotification] of Object.entries({ title, body })) {
      if ((translation[part as 'title' | 'body'] === undefined) === (ofNotification === undefined)) continue;
      throw refused(
        tag,
        ofNotification === undefined
          ? `it must have no "${part}", because the notification has none`
          : `it needs a "${part}", because the notification has one`,
      );
    }
    texts.set(code, { title: translation.title, body: translation.body });
  }
  const isFilled = !texts.has('en');
  if (isFilled) texts.set('en', { title, body });
  const entries = [...texts];
  return {
    ...(title !== undefined &&
      body !== undefined && { headings: Object.fromEntries(entries.map(([code, text]) => [code, text.title ?? ''])) }),
    contents: Object.fromEntries(entries.map(([code, text]) => [code, text.body ?? text.title ?? ''])),
    ...(isFilled && { filledFrom: own }),
  };
}

function refused(tag: string, why: string): ValidationError {
  return new ValidationError(`"backendOptions.translations.${tag}": ${why}.`, { backend: 'onesignal' });
}

/**
 * Finds OneSignal's code of a language. The codes have no countries: `pt` for `pt-BR`, `zh-Hant` for `zh-TW`, `nb` for
 * Norwegian. Source: https://documentation.onesignal.com/docs/multi-language-messaging, supported languages.
 * @param tag a BCP 47 language tag
 * @throws ValidationError for any other text
 */
export function languageCode(tag: string): string {
  const code = knownCode(tag);
  if (code !== undefined) return code;
  throw new ValidationError(`"${tag.slice(0, 40)}" is not a BCP 47 language tag such as "en" or "pt-BR".`, {
    backend: 'onesignal',
  });
}

/** Whether a value is a tag that {@link languageCode} takes. */
export function isLanguage(tag: unknown): boolean {
  return typeof tag === 'string' && knownCode(tag) !== undefined;
}

function knownCode(tag: string): string | undefined {
  let locale: Intl.Locale;
  try {
    locale = new Intl.Locale(tag);
  } catch {
    return undefined;
  }
  // The type says that there always is a language, but `und-Latn` and the like have none.
  const language: string | undefined = locale.language;
  // Longer languages are well-formed but not registered; 'english' would pass.
  if (language === undefined || language === 'und' || language.length > 3) return undefined;
  if (language === 'zh') return locale.maximize().script === 'Hant' ? 'zh-Hant' : 'zh-Hans';
  return language === 'no' || language === 'nn' ? 'nb' : language;
}
