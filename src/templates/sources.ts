import { AsyncLocalStorage } from 'node:async_hooks';
import { ValidationError } from '../core/errors.js';
import type { TemplateContent, TemplateStore } from '../messages/template-store.js';
import { checkedParts } from './definition.js';
import type { AnyTemplate, CodeTemplate } from './template.js';

/** What a template says now, and whether it is sent. */
export interface TemplateSource {
  readonly slug: string;
  /** 0 when the texts are those in code. */
  readonly version: number;
  readonly content: TemplateContent;
  readonly isActive: boolean;
}

/** Where templates are looked up. */
export interface SourceHost {
  readonly service: string;
  readonly code: { get(slug: string): CodeTemplate | undefined; readonly slugs: readonly string[] };
  /** Undefined where no store keeps templates. */
  store(): Promise<TemplateStore | undefined>;
}

/**
 * The source of the template that is being sent. Between `send` and `render` lie methods that an application may
 * override, and all of its renderings must be of one version.
 */
const current = new AsyncLocalStorage<UnderWay & { readonly isOver: boolean }>();

/** A template that is being sent, by a service that is not closed before it is. */
interface UnderWay {
  readonly template: AnyTemplate;
  readonly source: TemplateSource;
  readonly host: SourceHost;
}

/** Renders a template while its source is one that was looked up. */
export async function withSource<Result>(
  { template, source, host }: UnderWay,
  work: () => Promise<Result>,
): Promise<Result> {
  const underWay = { template, source, host, isOver: false };
  try {
    return await current.run(underWay, work);
  } finally {
    // What the application began meanwhile may go on for long.
    underWay.isOver = true;
  }
}

/** The service that is sending just now, if it is the one with these templates in code. */
export function hostUnderWay(code: SourceHost['code']): SourceHost | undefined {
  const known = current.getStore();
  return known?.isOver === false && known.host.code === code ? known.host : undefined;
}

/**
 * What a template says: the stored texts where there are any, else those in code.
 * @returns undefined where there is neither
 * @throws whatever the store throws
 */
export async function sourceOf(template: AnyTemplate, host: SourceHost): Promise<TemplateSource | undefined> {
  const known = current.getStore();
  if (known?.isOver === false && known.template === template) return known.source;
  const { slug } = template;
  const code = host.code.get(slug);
  const stored = await (await host.store())?.getTemplate(host.service, slug);
  if (stored === undefined)
    return code && { slug, version: 0, content: code.content, isActive: code.isActive !== false };
  const content = storedContent(stored);
  const html = [...(code?.content.html ?? []), ...(content.html ?? [])];
  const event = content.event ?? code?.content.event;
  return {
    slug,
    version: stored.version,
    content: { ...content, event, html },
    isActive: stored.isActive && code?.isActive !== false,
  };
}

/** What a template in code says that belongs to no service. */
export function sourceInCode(template: AnyTemplate): TemplateSource {
  const { content, isActive } = checkedParts(template.slug, template, true);
  return { slug: template.slug, version: 0, content, isActive: isActive !== false };
}

/** Reads the content of a stored template. @throws ValidationError for one that this release cannot read */
export function storedContent({ slug, content }: { readonly slug: string; readonly content: string }): TemplateContent {
  try {
    return JSON.parse(content) as TemplateContent;
  } catch (cause) {
    throw new ValidationError(`The stored template "${slug}" cannot be read: save it anew.`, { cause });
  }
}
