import type { JsonValue } from '../wire/message.js';

/** The texts of a template in one language. Each is Liquid: `Hello {{ user.name }}`. */
export interface TemplateTexts {
  /** The title of the notification. */
  readonly title?: string | undefined;
  /** The text of the notification. */
  readonly body?: string | undefined;
  /** The address that the notification opens: `http:`, `https:`, or relative. */
  readonly url?: string | undefined;
  /** The data of the message. Each text in it is Liquid; one that is a single `{{ output }}` becomes its value. */
  readonly data?: JsonValue | undefined;
}

/** What a template is made of. A locale has what differs from `texts`, the texts of every other language. */
export interface TemplateContent {
  /** The event that it is sent as. @default that of the call, else the setting `defaultEvent` */
  readonly event?: string | undefined;
  readonly texts: TemplateTexts;
  /** By locale, such as `de` or `de-AT`. */
  readonly locales?: Readonly<Record<string, TemplateTexts>> | undefined;
  /** The keys of `data` in which outputs are escaped as HTML. */
  readonly html?: readonly string[] | undefined;
}

/** A template to keep. */
export interface NewTemplate {
  /** The service that it belongs to. No other one sees it. */
  readonly service: string;
  /** 1 to 255 characters. */
  readonly slug: string;
  /** Undefined: as the version before, also one that was removed; true for the first one. */
  readonly isActive: boolean | undefined;
  /** JSON text of a {@link TemplateContent}, which only the service reads. */
  readonly content: string;
}

/** A version of a template, as a store keeps it. Times are in milliseconds since the epoch. */
export interface StoredTemplate extends NewTemplate {
  /** Whether it is sent, for the latest version. An old one has what it had last while it was the latest. */
  readonly isActive: boolean;
  /** From 1, one more with each save, also after a removal: a version never means two things. */
  readonly version: number;
  readonly createdAt: number;
}

/** A part of a long list of templates, by slug. */
export interface TemplatePage {
  readonly limit: number;
  /** The last slug of the part before. */
  readonly after?: string | undefined;
}

/**
 * Keeps templates beside the messages. A store of messages need not have one.
 *
 * Versions are never removed, and only whether the latest one is active ever changes: so a message that names a version
 * stays readable. `removeTemplate` hides a slug until it is saved again.
 */
export interface TemplateStore {
  /**
   * Keeps a new version, which becomes the latest. Of two who save at once, each makes a version. Where `isActive` is
   * undefined, a `setTemplateActive` at the same time MUST NOT be undone.
   * @param now milliseconds since the epoch, where somebody turns the clock
   */
  saveTemplate(template: NewTemplate, now: number | undefined): Promise<StoredTemplate>;
  /**
   * The latest version of a template that is not removed, or exactly one version, removed or not.
   * @returns undefined when there is none
   */
  getTemplate(service: string, slug: string, version?: number): Promise<StoredTemplate | undefined>;
  /** The latest version of each template that is not removed, by slug, in the order of its characters' code points. */
  listTemplates(service: string, page: TemplatePage): Promise<readonly StoredTemplate[]>;
  /** Hides a template. @returns whether there was one */
  removeTemplate(service: string, slug: string): Promise<boolean>;
  /** Switches the latest version of a template on or off. @returns whether there is one */
  setTemplateActive(service: string, slug: string, isActive: boolean): Promise<boolean>;
}
