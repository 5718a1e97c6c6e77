import { checkOptionNames, checkSignal, type Lasting, whenAborted } from '../core/call-options.js';
import { ConfigurationError, ValidationError } from '../core/errors.js';
import { checkedParts, checkSlug, definitionNames, type TemplateDefinition, type TemplateParts } from './definition.js';
import { PushTemplate } from './push-template.js';
import { type AnyTemplate, type CodeTemplate, hostOf, isPushTemplate, setHost, type TemplateHost } from './template.js';

/** Options of `template`. */
export interface TemplateOptions extends Lasting {
  /** Whether it takes the place of another one of the same slug. @default false */
  readonly replace?: boolean | undefined;
}

/** A template that was given as an object. */
class DefinedTemplate extends PushTemplate<never, never> {
  readonly slug: string;
  readonly #definition: TemplateDefinition<never, never>;

  constructor(slug: string, definition: TemplateDefinition<never, never>) {
    super();
    this.slug = slug;
    this.#definition = definition;
    const { canSend: _, ...parts } = definition;
    Object.assign(this, parts);
  }

  override canSend(recipient: never, context: never): boolean | Promise<boolean> {
    const { canSend } = this.#definition;
    return canSend === undefined || canSend(recipient, context);
  }
}

/** A template that stands in the store alone. */
class StoredOnly extends PushTemplate<never, never> {
  readonly slug: string;

  constructor(slug: string, host: TemplateHost) {
    super();
    this.slug = slug;
    setHost(this, host);
  }
}

/** The templates in code of a service. They stay when it is configured anew. */
export class CodeTemplates {
  readonly #templates = new Map<string, CodeTemplate>();

  /**
   * @param host the push service
   * @returns the template
   * @throws ValidationError for a wrong slug, definition or options; ConfigurationError for a slug that is taken, and
   * for a template of another service
   */
  add(
    given: string | AnyTemplate,
    definition: TemplateDefinition<never, never> | undefined,
    options: TemplateOptions = {},
    host: TemplateHost,
  ): AnyTemplate {
    checkOptionNames(options, ['signal', 'replace'], 'template()');
    const { signal, replace = false } = options;
    checkSignal(signal);
    const template = isPushTemplate(given) ? given : defined(given, definition);
    const slug = checkSlug(template.slug);
    const checked = checkedParts(slug, template, template.getData !== PushTemplate.prototype.getData);
    if (signal?.aborted) return template;
    const known = this.#templates.get(slug);
    if (known !== undefined && !replace)
      throw new ConfigurationError(
        `There is a template "${slug}" already: take another slug, or pass { replace: true } to put this one in its place.`,
      );
    const other = hostOf(template);
    if (other !== undefined && other !== host)
      throw new ConfigurationError(
        `The template "${slug}" belongs to another push service: make one for each service.`,
      );
    if (known !== undefined) setHost(known.template, undefined);
    setHost(template, host);
    this.#templates.set(slug, { ...checked, template });
    whenAborted(signal, () => this.#takeBack(slug, template));
    return template;
  }

  get(slug: string): CodeTemplate | undefined {
    return this.#templates.get(slug);
  }

  /** The template of a slug, which may be in the store alone. */
  find(slug: string, host: TemplateHost): AnyTemplate {
    return this.get(slug)?.template ?? new StoredOnly(slug, host);
  }

  get slugs(): readonly string[] {
    return [...this.#templates.keys()];
  }

  /** The texts of all templates with what belongs to them, by their slugs. */
  get parts(): readonly ({ readonly slug: string } & TemplateParts)[] {
    const all = Array.from(
      this.#templates,
      ([
        slug,
        {
          content: { texts, ...rest },
          isActive,
        },
      ]) => ({
        slug,
        ...texts,
        ...rest,
        ...(isActive !== undefined && { isActive }),
      }),
    );
    return all.sort((one, other) => (one.slug < other.slug ? -1 : 1));
  }

  clear(): void {
    for (const [slug, { template }] of this.#templates) this.#takeBack(slug, template);
  }

  #takeBack(slug: string, template: AnyTemplate): void {
    if (this.#templates.get(slug)?.template !== template) return;
    this.#templates.delete(slug);
    setHost(template, undefined);
  }
}

function defined(slug: unknown, definition: TemplateDefinition<never, never> | undefined): AnyTemplate {
  const checked = checkSlug(slug);
  if (typeof definition !== 'object' || definition === null)
    throw new ValidationError('template() takes a slug and a definition, or an instance of a class of PushTemplate.');
  checkOptionNames(definition, definitionNames, 'the template');
  if (definition.canSend !== undefined && typeof definition.canSend !== 'function')
    throw new ValidationError(`The template "${checked}": "canSend" must be a function.`);
  return new DefinedTemplate(checked, definition);
}
