import { ConfigurationError } from '../core/errors.js';
import type { TemplateArchive } from '../templates/archive.js';
import type { CodeTemplates } from '../templates/code-templates.js';
import type { TemplateParts } from '../templates/definition.js';
import type { SavedTemplate, TemplateList, TemplateListOptions, TemplateToSave } from '../templates/saved.js';
import type { CurrentRuntime } from './current-runtime.js';
import { recordedOf } from './messages.js';

/**
 * The templates that the message store keeps, and those in code. Each method throws a
 * `ConfigurationError` without a message store (the
 * setting `messages`) and with one that keeps no templates, and a `PushError` when the store does not answer.
 */
export interface StoredTemplates {
  /** The templates in code, by their slugs, as they are written. They need no message store. */
  readonly inCode: readonly ({ readonly slug: string } & TemplateParts)[];
  /**
   * Keeps a new version of a template, which `sendTemplate` takes from now on, in all processes. Its texts are parsed
   * first.
   * @param template `isActive`: @default as the version before, else true
   * @throws ValidationError for a wrong slug, and for a text that is no Liquid, which it names with its line
   * @throws ConfigurationError when the package "liquidjs" is not installed
   * @example
   * const { version } = await PushService.templates.save({ slug: 'welcome', title: 'Hello {{ name }}' });
   */
  save(template: TemplateToSave): Promise<SavedTemplate>;
  /**
   * Returns a template; undefined when there is none, and when it was removed.
   * @param options `version`: one that a record names, removed or not. @default the latest
   * @throws ValidationError for a wrong slug or version
   */
  get(slug: string, options?: { readonly version?: number | undefined }): Promise<SavedTemplate | undefined>;
  /**
   * Lists the latest versions of templates by their slugs, 100 at a time.
   * @throws ValidationError for a wrong limit or cursor
   * @example
   * const { templates, cursor } = await PushService.templates.list({ limit: 20 });
   */
  list(options?: TemplateListOptions): Promise<TemplateList>;
  /**
   * Removes a template, until it is saved again. Its versions stay, for records that name them. A template of the same
   * slug in code is sent with its own texts again.
   * @returns false when there was none
   */
  remove(slug: string): Promise<boolean>;
  /**
   * Switches a template on or off: `sendTemplate` of one that is off returns null.
   * @returns false when there is none
   * @throws ValidationError for a wrong slug, and for anything but true and false
   */
  setActive(slug: string, isActive: boolean): Promise<boolean>;
}

/** Makes the stored templates of a service. */
export function storedTemplatesOf(runtime: CurrentRuntime, code: CodeTemplates): StoredTemplates {
  const archive = async (method: string): Promise<TemplateArchive> => {
    const call = `templates.${method}()`;
    const { templates: store, now } = await recordedOf(runtime, call).opened();
    if (store === undefined)
      throw new ConfigurationError(
        `${call} needs a message store that keeps templates: yours keeps none, so write them in code, by PushService.template().`,
      );
    const { TemplateArchive } = await import('../templates/index.js');
    return new TemplateArchive(runtime.configured.name, store, now);
  };
  return {
    get inCode() {
      return code.parts;
    },
    save: async (template) => (await archive('save')).save(template),
    get: async (slug, options) => (await archive('get')).get(slug, options),
    list: async (options) => (await archive('list')).list(options),
    remove: async (slug) => (await archive('remove')).remove(slug),
    setActive: async (slug, isActive) => (await archive('setActive')).setActive(slug, isActive),
  };
}
