import { isVersion, storedTemplate, type TemplateRow } from '../sql/templates.js';
import type { Now } from '../store.js';
import type { NewTemplate, StoredTemplate, TemplatePage, TemplateStore } from '../template-store.js';
import type { Connection } from './connection.js';
import { Prepared } from './prepared.js';

/** Keeps templates in the file of the messages. */
export class SqliteTemplates implements TemplateStore {
  readonly #connection: Connection;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  saveTemplate(template: NewTemplate, now: Now): Promise<StoredTemplate> {
    const { service, slug, content } = template;
    return this.#connection.write((database) => {
      const prepared = Prepared.of(database);
      const createdAt = now ?? Date.now();
      const { version } = prepared.get('raiseTemplate', service, slug) as { version: number };
      const own = template.isActive === undefined ? null : Number(template.isActive);
      const values = [service, slug, version, own, service, slug, version - 1, content, createdAt];
      const row = prepared.get('insertTemplate', ...values) as { is_active: number };
      return { service, slug, isActive: row.is_active === 1, content, version, createdAt };
    });
  }

  async getTemplate(service: string, slug: string, version?: number): Promise<StoredTemplate | undefined> {
    if (version !== undefined && !isVersion(version)) return undefined;
    return this.#connection.read((database) => {
      const prepared = Prepared.of(database);
      const row =
        version === undefined
          ? prepared.get<TemplateRow>('latestTemplate', service, slug)
          : prepared.get<TemplateRow>('templateVersion', service, slug, version);
      return row && storedTemplate(row);
    });
  }

  listTemplates(service: string, { limit, after = '' }: TemplatePage): Promise<readonly StoredTemplate[]> {
    return this.#connection.read((database) =>
      Prepared.of(database).all<TemplateRow>('listTemplates', service, after, limit).map(storedTemplate),
    );
  }

  removeTemplate(service: string, slug: string): Promise<boolean> {
    return this.#connection.write((database) => Prepared.of(database).run('removeTemplate', service, slug) > 0);
  }

  setTemplateActive(service: string, slug: string, isActive: boolean): Promise<boolean> {
    const values = [Number(isActive), service, slug, service, slug];
    return this.#connection.write((database) => Prepared.of(database).run('activateTemplate', ...values) > 0);
  }
}
