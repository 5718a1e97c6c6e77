import type { TemplateTexts } from '../messages/template-store.js';
import type { JsonValue } from '../wire/message.js';
import type { CheckedParts, TemplateParts } from './definition.js';
import type { TemplateReports, TemplateSendOptions } from './options.js';

/** What is made of a template. */
export interface RenderedTemplate {
  readonly title?: string | undefined;
  readonly body?: string | undefined;
  readonly url?: string | undefined;
  readonly data?: unknown;
  /** The locale of its title and body. @default those of every other language */
  readonly locale?: string | undefined;
}

/** A template of any context and any user: an instance of a class of `PushTemplate`, also of another copy of it. */
export interface AnyTemplate extends TemplateParts {
  readonly slug: string;
  getTitle(locale: string | undefined, texts: TemplateTexts): string | undefined;
  getBody(locale: string | undefined, texts: TemplateTexts): string | undefined;
  getUrl(locale: string | undefined, texts: TemplateTexts): string | undefined;
  getData(locale: string | undefined, texts: TemplateTexts): JsonValue | undefined;
  render(context: never, locale?: string): Promise<RenderedTemplate>;
  canSend(recipient: never, context: never): boolean | Promise<boolean>;
  send(options: never): Promise<TemplateReports>;
}

/** A template in code, checked. */
export interface CodeTemplate extends CheckedParts {
  readonly template: AnyTemplate;
}

/** What a template does with the help of the push service that it was added to. */
export interface TemplateHost {
  render(template: AnyTemplate, context: object, locale: string | undefined): Promise<RenderedTemplate>;
  send(template: AnyTemplate, options: TemplateSendOptions<never, object>): Promise<TemplateReports>;
}

/** By symbols of the registry, so that the classes of another copy of this package are known too. */
export const brand: symbol = Symbol.for('pushrail.PushTemplate');
const place: symbol = Symbol.for('pushrail.PushTemplate.host');

/** Whether a value is a template as a class. */
export function isPushTemplate(value: unknown): value is AnyTemplate {
  return typeof value === 'object' && value !== null && brand in value;
}

/** The push service that a template was added to. */
export function hostOf(template: object): TemplateHost | undefined {
  return Reflect.get(template, place) as TemplateHost | undefined;
}

/** Notes which push service a template was added to. @param host undefined when it was taken back */
export function setHost(template: object, host: TemplateHost | undefined): void {
  Object.defineProperty(template, place, { value: host, configurable: true });
}
