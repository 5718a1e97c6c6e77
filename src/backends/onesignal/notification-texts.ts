import { ValidationError } from '../../errors.js';
import type { PushNotification } from '../../message.js';
import { languageCode } from './language.js';
import type { OneSignalTexts } from './message-options.js';

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
