import { ValidationError } from '../core/errors.js';
import { didYouMean } from '../core/schema-check.js';
import type { TemplateReports, TemplateSendOptions } from './options.js';
import { renderTemplate } from './render-template.js';
import { theRenderer } from './rendering.js';
import { type SendingHost, sendTemplate } from './sending.js';
import { hostUnderWay, type SourceHost, sourceInCode, sourceOf, type TemplateSource, withSource } from './sources.js';
import type { AnyTemplate, RenderedTemplate, TemplateHost } from './template.js';

export { TemplateArchive } from './archive.js';

/** A configured service, for what templates need of it. */
export interface TemplatesHost extends SourceHost, SendingHost {}

/** Renders templates that were added to no service. */
export const withoutService: Pick<TemplateHost, 'render'> = {
  render: async (template, context, locale) =>
    renderTemplate(template, sourceInCode(template), theRenderer(), context, locale),
};

/**
 * Renders a template of a service.
 * @param code the templates in code of the service
 * @param hostNow asks for the service, which may be closing: what is being sent goes by the one that it began with
 * @throws ValidationError; whatever the store throws
 */
export async function renderOf(
  template: AnyTemplate,
  context: object,
  locale: string | undefined,
  code: SourceHost['code'],
  hostNow: () => SourceHost,
): Promise<RenderedTemplate> {
  const source = await knownSource(template, hostUnderWay(code) ?? hostNow());
  return renderTemplate(template, source, theRenderer(), context, locale);
}

/**
 * Sends a template of a service.
 * @param options those that `readOptions` returned
 * @returns null for one that is not active, and when nobody may get it
 */
export async function sendOf(
  template: AnyTemplate,
  options: TemplateSendOptions<never, object>,
  host: TemplatesHost,
): Promise<TemplateReports> {
  const source = await knownSource(template, host);
  if (!source.isActive) return null;
  return withSource({ template, source, host }, () => sendTemplate(template, source, options, host));
}

async function knownSource(template: AnyTemplate, host: SourceHost): Promise<TemplateSource> {
  const source = await sourceOf(template, host);
  if (source !== undefined) return source;
  const { slug } = template;
  const meant = didYouMean(slug, host.code.slugs);
  throw new ValidationError(
    `There is no template ${JSON.stringify(slug)}${meant} Add it by PushService.template(), or save it by PushService.templates.save().`,
  );
}
