import type { StoredTemplate } from '../messages/template-store.js';
import type { TemplateParts } from './definition.js';
import { storedContent } from './sources.js';

/** A template to keep. */
export interface TemplateToSave extends TemplateParts {
  /** 1 to 255 characters. */
  readonly slug: string;
}

/** A version of a template, as the message store keeps it. */
export interface SavedTemplate extends TemplateToSave {
  /** From 1, one more with each save. */
  readonly version: number;
  readonly isActive: boolean;
  readonly createdAt: Date;
}

/** A part of the list of templates. */
export interface TemplateListOptions {
  /** Most templates, 1 to 1 000. @default 100 */
  readonly limit?: number | undefined;
  /** The `cursor` of the part before. @default the first part */
  readonly cursor?: string | undefined;
}

/** Templates by their slugs, and the cursor of the next part, if there is more. */
export interface TemplateList {
  readonly templates: readonly SavedTemplate[];
  readonly cursor: string | undefined;
}

/** A template of the store, as an application reads it. @throws ValidationError for one that cannot be read */
export function savedTemplate(stored: StoredTemplate): SavedTemplate {
  const { slug, version, isActive, createdAt } = stored;
  const { texts, ...rest } = storedContent(stored);
  return { slug, version, isActive, createdAt: new Date(createdAt), ...rest, ...texts };
}
