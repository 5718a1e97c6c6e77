import { checkOptionNames } from '../core/call-options.js';
import { ValidationError } from '../core/errors.js';
import { didYouMean } from '../core/schema-check.js';
import type { TemplateContent, TemplateTexts } from '../messages/template-store.js';
import type { PushUser } from '../sessions/adapter.js';
import { checkedLocale } from './locales.js';

/** What a template is rendered with: the variables, by their names. */
export type TemplateContext = Readonly<Record<string, unknown>>;

/** The texts of a template with what belongs to them, as code and `templates.save` write them. */
export interface TemplateParts extends TemplateTexts {
  /** The event that it is sent as. @default that of `sendTemplate`, else the setting `defaultEvent` */
  readonly event?: string | undefined;
  /** What differs by locale, such as `{ de: { title: 'Hallo' } }`. `de-AT` falls back on `de`, field by field. */
  readonly locales?: Readonly<Record<string, TemplateTexts>> | undefined;
  /** The keys of `data` in which outputs are escaped as HTML, but for `{{ output | raw }}`. @default none */
  readonly html?: readonly string[] | undefined;
  /** Whether it is sent. @default true */
  readonly isActive?: boolean | undefined;
}

/**
 * A template in code.
 * @typeParam Context what it is rendered with
 */
export interface TemplateDefinition<Context extends object = TemplateContext, User = PushUser> extends TemplateParts {
  /**
   * Decides whether a user may get it. It has the setting `timeout` to answer, and is not asked where the message goes
   * to `channels`.
   * @default everybody may
   */
  canSend?(recipient: User, context: Context): boolean | Promise<boolean>;
}

const textNames = ['title', 'body', 'url', 'data'] as const;
const partNames = [...textNames, 'event', 'locales', 'html', 'isActive'] as const;

/** The names that a definition in code may have. */
export const definitionNames: readonly string[] = [...partNames, 'canSend'];
/** The names that `templates.save` takes. */
export const savedNames: readonly string[] = ['slug', ...partNames];

/** A template's parts, checked. */
export interface CheckedParts {
  readonly content: TemplateContent;
  readonly isActive: boolean | undefined;
}

/** @throws ValidationError for a slug that no store keeps */
export function checkSlug(slug: unknown): string {
  const isKept = typeof slug === 'string' && /^.{1,255}$/su.test(slug) && !slug.includes('\0') && slug.isWellFormed();
  if (isKept) return slug;
  throw new ValidationError(
    'The slug of a template must be a string of 1 to 255 characters, without NUL and without half a surrogate pair.',
  );
}

/**
 * Checks the form of a template's parts. What their texts say is checked when they are parsed.
 * @param makesData whether a method may make other data of them. @default false
 * @throws ValidationError
 */
export function checkedParts(slug: string, parts: TemplateParts, makesData: boolean = false): CheckedParts {
  const { event, locales = {}, html = [], isActive } = parts;
  if (event !== undefined && (typeof event !== 'string' || event === ''))
    throw wrong(slug, '"event" must be a string that is not empty');
  if (isActive !== undefined && typeof isActive !== 'boolean') throw wrong(slug, '"isActive" must be true or false');
  if (!Array.isArray(html) || !html.every((key) => typeof key === 'string'))
    throw wrong(slug, '"html" must be a list of keys of "data", such as ["message"]');
  if (typeof locales !== 'object' || locales === null || Array.isArray(locales))
    throw wrong(slug, '"locales" must be an object, such as { de: { title: "Hallo" } }');
  const byLocale = new Map<string, TemplateTexts>();
  for (const [name, texts] of Object.entries(locales)) {
    const locale = checkedLocale(name, 'locales');
    if (byLocale.has(locale)) throw wrong(slug, `"locales" has the locale "${locale}" twice`);
    checkOptionNames(texts, textNames, `the locale "${name}" of the template "${slug}"`);
    byLocale.set(locale, checkedTexts(slug, texts, `locales.${name}.`));
  }
  if (!makesData) checkHtml(slug, html, [parts, ...byLocale.values()]);
  const content = {
    ...(event !== undefined && { event }),
    texts: checkedTexts(slug, parts, ''),
    ...(byLocale.size > 0 && { locales: Object.fromEntries(byLocale) }),
    ...(html.length > 0 && { html: [...html] }),
  };
  return { content, isActive };
}

/** Checks that what is to be escaped is there, where data is there. @throws ValidationError */
function checkHtml(slug: string, html: readonly string[], texts: readonly TemplateTexts[]): void {
  const all = texts.flatMap(({ data }) => (data === undefined ? [] : [data]));
  if (all.length === 0) return;
  const keys = all.flatMap((data) => (typeof data === 'object' && !Array.isArray(data) ? Object.keys(data ?? {}) : []));
  const missing = html.find((key) => !keys.includes(key));
  if (missing !== undefined)
    throw new ValidationError(
      `The template "${slug}": "html" names ${JSON.stringify(missing)}, a key that no "data" has${didYouMean(missing, keys)}`,
    );
}

function checkedTexts(slug: string, { title, body, url, data }: TemplateTexts, path: string): TemplateTexts {
  const texts = { title, body, url };
  for (const [field, text] of Object.entries(texts))
    if (text !== undefined && typeof text !== 'string') throw wrong(slug, `"${path}${field}" must be a string`);
  const given = Object.entries({ ...texts, data }).filter(([, value]) => value !== undefined);
  return Object.fromEntries(given);
}

function wrong(slug: string, what: string): ValidationError {
  return new ValidationError(`The template "${slug}": ${what}.`);
}
