import type { AnyBackend } from '../backends/contract/wrapper.js';
import { checkOptionNames } from '../core/call-options.js';
import { ValidationError } from '../core/errors.js';
import type { SendReport } from '../core/report.js';
import type { PushUser } from '../sessions/adapter.js';
import { userIdOf } from '../sessions/user-id.js';
import { CodeTemplates, type TemplateOptions } from '../templates/code-templates.js';
import { checkSlug, type TemplateContext, type TemplateDefinition } from '../templates/definition.js';
import type { TemplatesHost } from '../templates/index.js';
import type { OwnTemplateOptions, SharedTemplateOptions } from '../templates/options.js';
import type { PushTemplate } from '../templates/push-template.js';
import { readOptions } from '../templates/snapshot.js';
import { type AnyTemplate, isPushTemplate, type RenderedTemplate, type TemplateHost } from '../templates/template.js';
import type { BackendsByName } from './configured-service.js';
import type { CurrentRuntime } from './current-runtime.js';
import { RecordingService, type ServiceKeeps } from './recording-service.js';
import type { Runtime } from './runtime.js';
import { type StoredTemplates, storedTemplatesOf } from './stored-templates.js';

let rendering: Promise<typeof import('../templates/index.js')> | undefined;

/** What renders templates. It is looked for once: an import takes longer than a rendering. */
function loaded(): Promise<typeof import('../templates/index.js')> {
  rendering ??= import('../templates/index.js');
  return rendering;
}

/** The part of a push service for templates. What renders them is loaded when the first one is used. */
export abstract class TemplateService<
  Backend extends AnyBackend,
  Backends extends BackendsByName,
> extends RecordingService<Backend, Backends> {
  readonly #code = new CodeTemplates();
  readonly #templates: StoredTemplates;
  readonly #host: TemplateHost;

  constructor(runtime: CurrentRuntime, keeps: ServiceKeeps) {
    super(runtime, keeps);
    this.#templates = storedTemplatesOf(runtime, this.#code);
    this.#host = {
      render: async (template, context, locale) => {
        const { renderOf } = await loaded();
        return renderOf(template, context, locale, this.#code, () => this.#hostOf(runtime.configured));
      },
      send: async (template, options) => {
        const current = runtime.configured;
        const host = this.#hostOf(current);
        // The caller may change its objects as soon as this waits.
        const read = readOptions(options, host);
        return current.sender.whileRunning(async () => (await loaded()).sendOf(template, read, host));
      },
    };
  }

  /** The templates that the message store keeps: `templates.save`, `get`, `list`, `remove` and `setActive`. */
  get templates(): StoredTemplates {
    return this.#templates;
  }

  /**
   * Adds a template in code: `sendTemplate({ slug })` renders it and sends it. Where `templates.save` has kept one with
   * its slug, the texts are those, and `canSend` and the methods of a class stay. Templates in code stay after
   * `configure`.
   * @param options `signal` takes it back; `replace` puts it in the place of another one
   * @returns the template, whose `send` has the type of its context
   * @throws ValidationError for a wrong slug, definition or options; ConfigurationError for a slug that is taken, and
   * for a template of another service
   * @example
   * PushService.template('welcome', {
   *   event: 'welcome',
   *   title: 'Hello {{ name }}',
   *   locales: { de: { title: 'Hallo {{ name }}' } },
   * });
   */
  template<Template extends AnyTemplate>(template: Template, options?: TemplateOptions): Template;
  // TypeScript tells what is wrong with the last one.
  template<Context extends object = TemplateContext, User = PushUser>(
    slug: string,
    definition: TemplateDefinition<Context, User>,
    options?: TemplateOptions,
  ): PushTemplate<Context, User>;
  template(given: string | AnyTemplate, ...rest: readonly unknown[]): never {
    const [definition, options] = isPushTemplate(given) ? [undefined, rest[0]] : rest;
    return this.#code.add(
      given,
      definition as TemplateDefinition<never, never> | undefined,
      options as TemplateOptions | undefined,
      this.#host,
    ) as never;
  }

  /**
   * Renders a template and sends it, with all options of `send`. It is rendered once, when it is recorded or sent, and
   * never again. `data` goes in the place of the template's data, keys of `notification` in the place of the rendered
   * ones. Where `context` or `locale` is a function of a user, there is a message for each different rendering.
   *
   * Users whom `canSend` refuses do not get it. With a message store, a record says so: its state is `SKIPPED`, its
   * reason `canSend`. Nothing is rendered for them where `context` or `locale` is a function.
   *
   * What the caller changes after the call changes nothing: plain objects, lists and dates in the options are copied.
   * With an `idempotencyKey`, a function as `context` or `locale` makes a message for each user.
   * @returns the report, or a list of them where `context` or `locale` is a function; null when nothing was sent or
   * recorded: the template is not active, nobody may get it, or its own `send` returned null
   * @throws ValidationError for wrong options, a slug that there is not, and what is wrong with a text or the context
   * @throws ConfigurationError when the package "liquidjs" is not installed
   * @throws TimeoutError when `context`, `locale` or `canSend` does not answer: nothing was sent
   * @throws whatever `send` throws
   * @example
   * await PushService.sendTemplate({ slug: 'welcome', users: 'ann', context: { name: 'Ann' }, locale: 'de-AT' });
   * @example
   * await PushService.sendTemplate({ slug: 'digest', users, context: (user) => digestOf(user), locale: localeOf });
   */
  sendTemplate<User = PushUser, Context extends object = TemplateContext>(
    options: { slug: string } & OwnTemplateOptions<User, Context, keyof Backends & string>,
  ): Promise<SendReport<User>[] | null>;
  sendTemplate<User = PushUser, Context extends object = TemplateContext>(
    options: { slug: string } & SharedTemplateOptions<User, Context, keyof Backends & string>,
  ): Promise<SendReport<User> | null>;
  async sendTemplate(options: { slug: string }): Promise<never> {
    if (typeof options !== 'object' || options === null)
      throw new ValidationError('sendTemplate() takes one object: sendTemplate({ slug, users, context }).');
    const { slug, ...rest } = options;
    checkSlug(slug);
    return this.#code.find(slug, this.#host).send(rest as never) as Promise<never>;
  }

  /**
   * Renders a template and sends nothing: a preview. A template that is not active is rendered too.
   * @param options `context`: @default {}; `locale`: such as `de-AT`. @default the texts of every other language
   * @throws ValidationError for a slug that there is not, and for what is wrong with a text or the context
   * @throws ConfigurationError when the package "liquidjs" is not installed
   * @example
   * const { title } = await PushService.renderTemplate({ slug: 'welcome', context: { name: 'Ann' }, locale: 'de' });
   */
  async renderTemplate<Context extends object = TemplateContext>(options: {
    readonly slug: string;
    readonly context?: Context | undefined;
    readonly locale?: string | undefined;
  }): Promise<RenderedTemplate> {
    checkOptionNames(options, ['slug', 'context', 'locale'], 'renderTemplate()');
    const { slug, context = {}, locale } = options;
    checkSlug(slug);
    return this.#code.find(slug, this.#host).render(context as never, locale);
  }

  #hostOf(current: Runtime): TemplatesHost {
    const { recorded, sender, timeout, json, name, destinations } = current;
    return {
      service: name,
      code: this.#code,
      timeout,
      json,
      hasStore: recorded !== undefined,
      choosesBackend: destinations.areNamed,
      userId: (user) => userIdOf(user, destinations.first.sessions),
      store: async () => (await recorded?.opened())?.templates,
      send: (messages, origins, { signal, ordered }) => sender.send(messages, { signal, ordered }, origins),
    };
  }

  /** @internal */
  override async reset(): Promise<void> {
    this.#code.clear();
    await super.reset();
  }
}
