import { ValidationError } from '../core/errors.js';
import type { TemplateContent, TemplateTexts } from '../messages/template-store.js';

/** A text, and the locale whose text it is; undefined for those of every other language. */
interface ChosenText<Text> {
  readonly text: Text;
  readonly locale: string | undefined;
}

/** The texts for a locale, field by field. */
export type ChosenTexts = {
  readonly [Field in keyof TemplateTexts]?: ChosenText<Exclude<TemplateTexts[Field], undefined>>;
};

/** The fields of a template's texts. */
const textFields: readonly ['title', 'body', 'url', 'data'] = ['title', 'body', 'url', 'data'];

/**
 * A locale in the form that BCP 47 gives it: `de-AT` for `de-at`.
 * @throws ValidationError for anything else
 */
export function checkedLocale(locale: unknown, name: string = 'locale'): string {
  try {
    const [canonical] = typeof locale === 'string' ? Intl.getCanonicalLocales(locale) : [];
    if (canonical !== undefined) return canonical;
  } catch {
    // No locale.
  }
  const shown = typeof locale === 'string' ? JSON.stringify(locale) : `a value of type ${typeof locale}`;
  throw new ValidationError(`"${name}" must be a locale, such as "de" or "de-AT", not ${shown}.`);
}

/** The locales whose texts are for a locale, the closest first: `de-AT`, then `de`. */
function chainOf(locale: string | undefined): readonly string[] {
  const chain: string[] = [];
  for (let rest = locale; rest; rest = rest.slice(0, Math.max(rest.lastIndexOf('-'), 0))) chain.push(rest);
  return chain;
}

/**
 * Chooses the texts for a locale. A field that a locale does not have comes from the next one in the chain, and at last
 * from the texts of every other language.
 * @param locale in the form of {@link checkedLocale}
 */
export function chosenTexts({ texts, locales = {} }: TemplateContent, locale: string | undefined): ChosenTexts {
  const sources = chainOf(locale)
    .filter((each) => Object.hasOwn(locales, each))
    .map((each): ChosenText<TemplateTexts> => ({ text: locales[each] ?? {}, locale: each }));
  sources.push({ text: texts, locale: undefined });
  const chosen: Record<string, ChosenText<unknown>> = {};
  for (const field of textFields) {
    const source = sources.find(({ text }) => text[field] !== undefined);
    if (source !== undefined) chosen[field] = { text: source.text[field], locale: source.locale };
  }
  return chosen as ChosenTexts;
}
