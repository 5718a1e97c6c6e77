import { ConfigurationError } from '../core/errors.js';
import type { TemplateTexts } from '../messages/template-store.js';
import type { PushUser } from '../sessions/adapter.js';
import type { JsonValue } from '../wire/message.js';
import type { TemplateContext, TemplateParts } from './definition.js';
import type { TemplateReports, TemplateSendOptions } from './options.js';
import { brand, hostOf, type RenderedTemplate } from './template.js';

/**
 * A template as a class, to override what it says, for whom it is, and how it is rendered and sent. Its texts are
 * fields, or come from `templates.save` under the same slug.
 * @typeParam Context what it is rendered with
 * @example
 * class Welcome extends PushTemplate<{ name: string }> {
 *   readonly slug = 'welcome';
 *   override readonly title = 'Hello {{ name }}';
 *   override canSend(user: PushUser) {
 *     return db.wantsPush(user);
 *   }
 * }
 * const welcome = PushService.template(new Welcome());
 * await welcome.send({ users: 'ann', context: { name: 'Ann' } });
 */
export abstract class PushTemplate<Context extends object = TemplateContext, User = PushUser> implements TemplateParts {
  abstract readonly slug: string;
  declare readonly title?: string | undefined;
  declare readonly body?: string | undefined;
  declare readonly url?: string | undefined;
  declare readonly data?: JsonValue | undefined;
  declare readonly event?: string | undefined;
  declare readonly locales?: Readonly<Record<string, TemplateTexts>> | undefined;
  declare readonly html?: readonly string[] | undefined;
  declare readonly isActive?: boolean | undefined;

  static {
    Object.defineProperty(PushTemplate.prototype, brand, { value: true });
  }

  /**
   * The source of the title, in Liquid.
   * @param texts those that are chosen for the locale, of the stored template where there is one
   */
  getTitle(_locale: string | undefined, texts: TemplateTexts): string | undefined {
    return texts.title;
  }

  /** The source of the body. The rest is as for {@link getTitle}. */
  getBody(_locale: string | undefined, texts: TemplateTexts): string | undefined {
    return texts.body;
  }

  /** The source of the url. The rest is as for {@link getTitle}. */
  getUrl(_locale: string | undefined, texts: TemplateTexts): string | undefined {
    return texts.url;
  }

  /** The source of the data. The rest is as for {@link getTitle}. */
  getData(_locale: string | undefined, texts: TemplateTexts): JsonValue | undefined {
    return texts.data;
  }

  /**
   * Renders it. `send` calls it, once for all users, or for each user where `context` or `locale` is a function.
   * @param locale such as `de-AT`. @default the texts of every other language
   * @throws ValidationError for a variable that the context does not have, and whatever else is wrong with a text
   * @throws ConfigurationError when the package "liquidjs" is not installed
   * @example
   * const { title } = await new Welcome().render({ name: 'Ann' }, 'de');
   */
  async render(context: Context, locale?: string): Promise<RenderedTemplate> {
    const host = hostOf(this) ?? (await import('./index.js')).withoutService;
    return host.render(this, context, locale);
  }

  /** Decides whether a user may get it, as `canSend` of a definition does. @default everybody may */
  canSend(_recipient: User, _context: Context): boolean | Promise<boolean> {
    return true;
  }

  /**
   * Sends it, as `PushService.sendTemplate` does, which calls this. An override may return null without sending.
   * @returns a report, and a list of them where `context` or `locale` is a function; null where nothing was sent
   * @throws ConfigurationError when it was not added to a push service
   */
  async send(options: TemplateSendOptions<User, Context>): Promise<TemplateReports<User>> {
    const host = hostOf(this);
    if (host === undefined)
      throw new ConfigurationError(
        `The template "${this.slug}" belongs to no push service: add it by PushService.template(template) before it is sent.`,
      );
    return host.send(this, options as TemplateSendOptions<never, object>) as Promise<TemplateReports<User>>;
  }
}
