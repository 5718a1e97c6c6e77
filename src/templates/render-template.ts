import { ValidationError } from '../core/errors.js';
import type { TemplateTexts } from '../messages/template-store.js';
import type { JsonValue } from '../wire/message.js';
import { type ChosenTexts, checkedLocale, chosenTexts } from './locales.js';
import { checkedUrl, mapTexts, type Renderer, type RenderText } from './rendering.js';
import type { TemplateSource } from './sources.js';
import type { AnyTemplate, RenderedTemplate } from './template.js';

/**
 * Renders a template.
 * @throws ValidationError for a wrong context, locale or text
 */
export function renderTemplate(
  template: AnyTemplate,
  source: TemplateSource,
  renderer: Renderer,
  context: unknown,
  given: string | undefined,
): RenderedTemplate {
  const locale = given === undefined ? undefined : checkedLocale(given);
  const { slug, version, content } = source;
  const render = renderer.begin({ slug, version, context: checkedContext(context, slug), locale });
  const chosen = chosenTexts(content, locale);
  const texts: TemplateTexts = Object.fromEntries(
    Object.entries(chosen).map(([field, choice]) => [field, choice?.text]),
  );
  const line = (field: 'title' | 'body' | 'url', text: unknown): string | undefined => {
    if (text === undefined) return undefined;
    if (typeof text !== 'string')
      throw new ValidationError(
        `The template "${slug}": the method for its "${field}" must return a string or undefined, not a value of type ${typeof text}.`,
      );
    return render(text, { field, locale: localeOf(chosen, field, text) }) as string;
  };
  const address = template.getUrl(locale, texts);
  const url = line('url', address);
  const place = { slug, version, locale: localeOf(chosen, 'url', address), field: 'url' };
  const title = template.getTitle(locale, texts);
  const body = template.getBody(locale, texts);
  const rendered = {
    title: line('title', title),
    body: line('body', body),
    url: url === undefined ? undefined : checkedUrl(url, place),
    data: renderedData(template.getData(locale, texts), source, chosen, render),
    locale: closest(spoken(chosen, 'title', title, locale), spoken(chosen, 'body', body, locale)),
  };
  return Object.fromEntries(Object.entries(rendered).filter(([, value]) => value !== undefined));
}

function renderedData(
  data: JsonValue | undefined,
  { slug, version, content: { html = [] } }: TemplateSource,
  chosen: ChosenTexts,
  render: RenderText,
): unknown {
  if (data === undefined) return undefined;
  const locale = localeOf(chosen, 'data', data);
  return mapTexts(data, html, { slug, version, locale }, (text, field, escaping) =>
    render(text, { field, locale, escaping, keepsType: true }),
  );
}

/** The language of a text. One that a method made of nothing is in the language that it was asked for. */
function spoken(
  chosen: ChosenTexts,
  field: 'title' | 'body',
  text: string | undefined,
  asked: string | undefined,
): string | undefined {
  const choice = chosen[field];
  if (text === undefined) return undefined;
  return choice === undefined ? asked : choice.locale;
}

/** Of two locales that are for the same one, that which says more: `de-AT` of `de-AT` and `de`. */
function closest(one: string | undefined, other: string | undefined): string | undefined {
  return (one?.length ?? 0) >= (other?.length ?? 0) ? one : other;
}

/** The locale that a text is of, unless a method made another text of it. */
function localeOf(chosen: ChosenTexts, field: keyof TemplateTexts, text: unknown): string | undefined {
  return chosen[field]?.text === text ? chosen[field]?.locale : undefined;
}

function checkedContext(context: unknown, slug: string): object {
  if (typeof context === 'object' && context !== null && !Array.isArray(context)) return context;
  throw new ValidationError(
    `The context of the template "${slug}" must be an object of variables, such as { name: 'Ann' }.`,
  );
}
