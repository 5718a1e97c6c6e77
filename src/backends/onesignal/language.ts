import { ValidationError } from '../../errors.js';

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
