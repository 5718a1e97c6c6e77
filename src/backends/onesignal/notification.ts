import { ValidationError } from '../../core/errors.js';
import type { OutgoingMessage, PushNotification } from '../../wire/message.js';
import type { OneSignalMessageOptions, OneSignalTexts } from './message-options.js';

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

/** A notification's texts by OneSignal's language codes. */
export interface NotificationTexts {
  /** None when the notification has only a title, which is then its content: OneSignal requires one. */
  readonly headings?: Readonly<Record<string, string>>;
  readonly contents: Readonly<Record<string, string>>;
  /** The language whose texts stand for the English ones as well, which were missing. */
  readonly filledFrom?: string;
}

/**
 * Sorts a notification's texts by language. OneSignal requires English, which is what devices in any other language show: without it,
 * the notification's own texts go as English, too.
 * @param language that of a notification without `locale`
 * @throws ValidationError for texts that OneSignal does not take together
 */
export function notificationTexts(
  { title, body, locale }: PushNotification,
  translations: Readonly<Record<string, OneSignalTexts>>,
  language: string,
): NotificationTexts {
  const own = languageCode(locale ?? language);
  const texts = new Map([[own, { title, body }]]);
  for (const [tag, translation] of Object.entries(translations)) {
    const code = languageCode(tag);
    if (texts.has(code)) throw refused(tag, `the language "${code}" is there already`);
    if ((translation.body === undefined) !== (body === undefined)) {
      throw refused(
        tag,
        body === undefined ? 'the notification has no "body"' : 'it needs a "body", as the notification',
      );
    }
    texts.set(code, { title: translation.title, body: translation.body });
  }
  const isFilled = !texts.has('en');
  if (isFilled) texts.set('en', { title, body });
  const entries = [...texts];
  return {
    ...(body !== undefined && { headings: Object.fromEntries(entries.map(([code, text]) => [code, text.title])) }),
    contents: Object.fromEntries(entries.map(([code, text]) => [code, text.body ?? text.title])),
    ...(isFilled && { filledFrom: own }),
  };
}

function refused(tag: string, why: string): ValidationError {
  return new ValidationError(`"backendOptions.translations.${tag}": ${why}.`, { backend: 'onesignal' });
}

/**
 * OneSignal's code for a language, which knows no countries: `pt` for `pt-BR`, `zh-Hant` for `zh-TW`, `nb` for Norwegian.
 * Source: https://documentation.onesignal.com/docs/multi-language-messaging, supported languages.
 * @param tag BCP 47
 * @throws ValidationError when it is none
 */
export function languageCode(tag: string): string {
  const code = knownCode(tag);
  if (code !== undefined) return code;
  throw new ValidationError(`"${tag.slice(0, 40)}" is no BCP 47 language tag: write it as "en" or "pt-BR".`, {
    backend: 'onesignal',
  });
}

/** Whether it is a tag that {@link languageCode} takes. */
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
  // Its type says that there is one always.
  const language: string | undefined = locale.language;
  // Longer ones are well-formed, but none is registered: 'english' would pass.
  if (language === undefined || language === 'und' || language.length > 3) return undefined;
  if (language === 'zh') return locale.maximize().script === 'Hant' ? 'zh-Hant' : 'zh-Hans';
  return language === 'no' || language === 'nn' ? 'nb' : language;
}
