import { checkOptionNames } from '../core/call-options.js';
import { ValidationError } from '../core/errors.js';
import { jsonText } from '../delivery/json-text.js';
import type { TemplateContent, TemplateStore, TemplateTexts } from '../messages/template-store.js';
import { checkedParts, checkSlug, savedNames } from './definition.js';
import { mapTexts, type Renderer, theRenderer } from './rendering.js';
import {
  type SavedTemplate,
  savedTemplate,
  type TemplateList,
  type TemplateListOptions,
  type TemplateToSave,
} from './saved.js';

/** Most templates of a part of a list, and how many there are where nobody says. */
const LONGEST_PAGE = 1_000;
const PAGE = 100;

/** What the application does with the templates of a store. */
export class TemplateArchive {
  readonly #service: string;
  readonly #store: TemplateStore;
  readonly #now: () => number | undefined;

  /** @param now as the store's calls take it */
  constructor(service: string, store: TemplateStore, now: () => number | undefined) {
    this.#service = service;
    this.#store = store;
    this.#now = now;
  }

  async save(template: TemplateToSave): Promise<SavedTemplate> {
    checkOptionNames(template, savedNames, 'templates.save()');
    const slug = checkSlug(template.slug);
    const { content, isActive } = checkedParts(slug, template);
    checkTexts(slug, content, theRenderer());
    const text = jsonText(content);
    const saved = { service: this.#service, slug, isActive, content: text };
    return savedTemplate(await this.#store.saveTemplate(saved, this.#now()));
  }

  async get(slug: string, options: { readonly version?: number | undefined } = {}): Promise<SavedTemplate | undefined> {
    checkOptionNames(options, ['version'], 'templates.get()');
    const { version } = options;
    if (version !== undefined && !(Number.isSafeInteger(version) && version >= 1))
      throw new ValidationError('"version" must be a whole number from 1. Version 0 of a record stands for code.');
    const stored = await this.#store.getTemplate(this.#service, checkSlug(slug), version);
    return stored && savedTemplate(stored);
  }

  async list(options: TemplateListOptions = {}): Promise<TemplateList> {
    checkOptionNames(options, ['limit', 'cursor'], 'templates.list()');
    const { limit = PAGE, cursor } = options;
    if (!(Number.isInteger(limit) && limit >= 1 && limit <= LONGEST_PAGE))
      throw new ValidationError(`"limit" must be a whole number from 1 to ${LONGEST_PAGE}.`);
    if (cursor !== undefined && (typeof cursor !== 'string' || cursor === ''))
      throw new ValidationError('"cursor" must be that of the part before.');
    // One more than is asked for tells whether there is more.
    const found = await this.#store.listTemplates(this.#service, { limit: limit + 1, after: cursor });
    const part = found.slice(0, limit);
    return { templates: part.map(savedTemplate), cursor: found.length > limit ? part.at(-1)?.slug : undefined };
  }

  async remove(slug: string): Promise<boolean> {
    return this.#store.removeTemplate(this.#service, checkSlug(slug));
  }

  async setActive(slug: string, isActive: boolean): Promise<boolean> {
    if (typeof isActive !== 'boolean') throw new ValidationError('setActive() takes a slug, and true or false.');
    return this.#store.setTemplateActive(this.#service, checkSlug(slug), isActive);
  }
}

/** Parses all texts of a template. @throws ValidationError for one that is no Liquid */
function checkTexts(slug: string, { texts, locales = {}, html = [] }: TemplateContent, renderer: Renderer): void {
  const check = ({ data, ...lines }: TemplateTexts, locale: string | undefined): void => {
    const place = { slug, version: undefined, locale };
    for (const [field, text] of Object.entries(lines)) renderer.check(text ?? '', 'none', { ...place, field });
    mapTexts(data, html, place, (text, field, escaping) => renderer.check(text, escaping, { ...place, field }));
  };
  check(texts, undefined);
  for (const [locale, own] of Object.entries(locales)) check(own, locale);
}
