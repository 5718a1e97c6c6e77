import type { Now } from '../store.js';
import type { NewTemplate, StoredTemplate, TemplatePage, TemplateStore } from '../template-store.js';

/** A template with all its versions. */
interface KeptTemplate {
  /** The oldest first: version 1 stands at 0. */
  readonly versions: StoredTemplate[];
  isRemoved: boolean;
}

/** Keeps templates in memory. What it is given and what it gives are copies. */
export class MemoryTemplates implements TemplateStore {
  /** By service, then by slug. */
  readonly #services = new Map<string, Map<string, KeptTemplate>>();
  readonly #checkOpen: () => void;

  /** @param checkOpen throws when the store is closed */
  constructor(checkOpen: () => void) {
    this.#checkOpen = checkOpen;
  }

  async saveTemplate(template: NewTemplate, now: Now): Promise<StoredTemplate> {
    const { service, slug, content } = template;
    const kept = this.#of(service).get(slug) ?? { versions: [], isRemoved: false };
    const version = kept.versions.length + 1;
    const isActive = template.isActive ?? kept.versions.at(-1)?.isActive ?? true;
    const stored = { service, slug, isActive, content, version, createdAt: now ?? Date.now() };
    kept.versions.push(stored);
    kept.isRemoved = false;
    this.#of(service).set(slug, kept);
    return { ...stored };
  }

  async getTemplate(service: string, slug: string, version?: number): Promise<StoredTemplate | undefined> {
    const kept = this.#of(service).get(slug);
    const found = version === undefined ? latestOf(kept) : kept?.versions[version - 1];
    return found && { ...found };
  }

  async listTemplates(service: string, { limit, after }: TemplatePage): Promise<readonly StoredTemplate[]> {
    const found = [...this.#of(service).values()].flatMap((kept) => latestOf(kept) ?? []);
    return found
      .filter(({ slug }) => after === undefined || byCodePoints(slug, after) > 0)
      .sort((one, other) => byCodePoints(one.slug, other.slug))
      .slice(0, limit)
      .map((template) => ({ ...template }));
  }

  async removeTemplate(service: string, slug: string): Promise<boolean> {
    const kept = this.#of(service).get(slug);
    if (kept === undefined || kept.isRemoved) return false;
    kept.isRemoved = true;
    return true;
  }

  async setTemplateActive(service: string, slug: string, isActive: boolean): Promise<boolean> {
    const kept = this.#of(service).get(slug);
    const latest = latestOf(kept);
    if (kept === undefined || latest === undefined) return false;
    kept.versions[latest.version - 1] = { ...latest, isActive };
    return true;
  }

  #of(service: string): Map<string, KeptTemplate> {
    this.#checkOpen();
    const found = this.#services.get(service) ?? new Map<string, KeptTemplate>();
    this.#services.set(service, found);
    return found;
  }
}

/** The latest version of a template that is not removed. */
function latestOf(kept: KeptTemplate | undefined): StoredTemplate | undefined {
  return kept?.isRemoved === false ? kept.versions.at(-1) : undefined;
}

/** Compares as databases do: JavaScript's own order of texts has an emoji before the last characters of 16 bits. */
function byCodePoints(one: string, other: string): number {
  return Buffer.compare(Buffer.from(one), Buffer.from(other));
}
