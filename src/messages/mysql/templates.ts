import { tables } from '../sql/names.js';
import { isVersion, storedTemplate, type TemplateRow, templateStatements } from '../sql/templates.js';
import type { Now } from '../store.js';
import type { NewTemplate, StoredTemplate, TemplatePage, TemplateStore } from '../template-store.js';
import type { Run } from './clients.js';
import { dialect, now } from './clock.js';
import type { Database } from './database.js';
import { checkLength } from './insert.js';
import { lengths } from './schema.js';

const statements = templateStatements(dialect);

/** Keeps templates beside the messages. */
export class MysqlTemplates implements TemplateStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async saveTemplate(template: NewTemplate, at: Now): Promise<StoredTemplate> {
    checkLength('service', template.service, lengths.name);
    checkLength('slug', template.slug, lengths.name);
    return this.#database.transaction((run) => save(run, template, at));
  }

  async getTemplate(service: string, slug: string, version?: number): Promise<StoredTemplate | undefined> {
    if (version !== undefined && !isVersion(version)) return undefined;
    const { rows } =
      version === undefined
        ? await this.#database.run<TemplateRow>(statements.latest, [service, slug])
        : await this.#database.run<TemplateRow>(statements.version, [service, slug, version]);
    return rows[0] && storedTemplate(rows[0]);
  }

  async listTemplates(service: string, { limit, after = '' }: TemplatePage): Promise<readonly StoredTemplate[]> {
    const { rows } = await this.#database.run<TemplateRow>(statements.list(limit), [service, after]);
    return rows.map(storedTemplate);
  }

  async removeTemplate(service: string, slug: string): Promise<boolean> {
    const { affected } = await this.#database.run(statements.remove, [service, slug]);
    return affected > 0;
  }

  setTemplateActive(service: string, slug: string, isActive: boolean): Promise<boolean> {
    return this.#database.transaction(async (run) => {
      // A pool may count rows that have changed, and not those that were found.
      const { rows } = await run(
        `SELECT version FROM ${tables.templates} WHERE service = ? AND slug = ? AND NOT is_removed FOR UPDATE`,
        [service, slug],
      );
      if (rows.length === 0) return false;
      await run(statements.activate, [Number(isActive), service, slug, service, slug]);
      return true;
    });
  }
}

/** Keeps a version, in a transaction. Of two at once, the second one waits for the number of the first. */
async function save(run: Run, template: NewTemplate, at: Now): Promise<StoredTemplate> {
  const { service, slug, content } = template;
  await run(
    `INSERT INTO ${tables.templates} (service, slug, version, is_removed) VALUES (?, ?, 1, FALSE)
    ON DUPLICATE KEY UPDATE version = version + 1, is_removed = FALSE`,
    [service, slug],
  );
  const { rows } = await run<{ readonly version: unknown; readonly at: unknown; readonly was_active: unknown }>(
    `SELECT t.version, ${now} AS at, (SELECT v.is_active FROM ${tables.templateVersions} v
      WHERE v.service = t.service AND v.slug = t.slug AND v.version = t.version - 1) AS was_active
    FROM ${tables.templates} t WHERE t.service = ? AND t.slug = ?`,
    [at ?? null, service, slug],
  );
  const isActive = template.isActive ?? Number(rows[0]?.was_active ?? 1) === 1;
  const [version, createdAt] = [Number(rows[0]?.version), Number(rows[0]?.at)];
  await run(
    `INSERT INTO ${tables.templateVersions} (service, slug, version, is_active, content, created_at)
    VALUES (?, ?, ?, ?, ?, ?)`,
    [service, slug, version, Number(isActive), content, createdAt],
  );
  return { service, slug, isActive, content, version, createdAt };
}
