import { tables } from '../sql/names.js';
import { isVersion, storedTemplate, type TemplateRow, templateStatements } from '../sql/templates.js';
import type { Now } from '../store.js';
import type { NewTemplate, StoredTemplate, TemplatePage, TemplateStore } from '../template-store.js';
import { clock, dialect, now } from './clock.js';
import type { Database } from './database.js';

const statements = templateStatements(dialect);

/**
 * Keeps a version. Values: the service, the slug, the version, whether it is active or null, the content, the present
 * or null.
 */
const insertText = `WITH ${clock('$6')}
  INSERT INTO ${tables.templateVersions} AS v (service, slug, version, is_active, content, created_at)
  SELECT $1, $2, $3::integer, coalesce($4::boolean, (SELECT b.is_active FROM ${tables.templateVersions} b
    WHERE b.service = $1 AND b.slug = $2 AND b.version = $3::integer - 1), true), $5, ${now}
  RETURNING ${statements.columns}`;

/** Holds a template, so that what changes it comes one after the other. Values: the service, the slug. */
const holdText = `SELECT version FROM ${tables.templates} WHERE service = $1 AND slug = $2 AND NOT is_removed FOR UPDATE`;

/** Keeps templates beside the messages. */
export class PostgresTemplates implements TemplateStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async saveTemplate({ service, slug, isActive, content }: NewTemplate, at: Now): Promise<StoredTemplate> {
    // Of two at once, the second one waits for the number of the first, and its second statement sees the first one's.
    return this.#database.transaction(async (run) => {
      const [raised] = await run<Pick<TemplateRow, 'version'>>(this.#database.statement(statements.raise), [
        service,
        slug,
      ]);
      const values = [service, slug, Number(raised?.version), isActive ?? null, content, at ?? null];
      const [row] = await run<TemplateRow>(this.#database.statement(insertText), values);
      return storedTemplate(row as TemplateRow);
    });
  }

  async getTemplate(service: string, slug: string, version?: number): Promise<StoredTemplate | undefined> {
    if (version !== undefined && !isVersion(version)) return undefined;
    // Whatever is sent reads one of them.
    const [row] =
      version === undefined
        ? await this.#run<TemplateRow>(statements.latest, [service, slug], 'template')
        : await this.#run<TemplateRow>(statements.version, [service, slug, version], 'template_version');
    return row && storedTemplate(row);
  }

  async listTemplates(service: string, { limit, after = '' }: TemplatePage): Promise<readonly StoredTemplate[]> {
    return (await this.#run<TemplateRow>(statements.list(limit), [service, after, limit])).map(storedTemplate);
  }

  async removeTemplate(service: string, slug: string): Promise<boolean> {
    return (await this.#run(`${statements.remove} RETURNING 1`, [service, slug])).length > 0;
  }

  async setTemplateActive(service: string, slug: string, isActive: boolean): Promise<boolean> {
    return this.#database.transaction(async (run) => {
      const found = await run(this.#database.statement(holdText), [service, slug]);
      if (found.length > 0)
        await run(this.#database.statement(statements.activate), [isActive, service, slug, service, slug]);
      return found.length > 0;
    });
  }

  /** @param hotName of a statement that connections keep prepared */
  #run<Row>(text: string, values: readonly unknown[], hotName?: string): Promise<readonly Row[]> {
    return this.#database.run<Row>(this.#database.statement(text, hotName), values);
  }
}
