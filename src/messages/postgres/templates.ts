import { tables } from '../sql/names.js';
import { isVersion, storedTemplate, type TemplateRow, templateStatements } from '../sql/templates.js';
import type { Now } from '../store.js';
import type { NewTemplate, StoredTemplate, TemplatePage, TemplateStore } from '../template-store.js';
import { clock, dialect, now } from './clock.js';
import type { Database } from './database.js';

const statements = templateStatements(dialect);

/**
 * Keeps a version. Of two at once, the second one waits for the number of the first. Values: the service, the slug,
 * whether it is active, the content, the present or null.
 */
const saveText = `WITH ${clock('$5')}, raised AS (${statements.raise})
  INSERT INTO ${tables.templateVersions} AS v (service, slug, version, is_active, content, created_at)
  SELECT $1, $2, raised.version, $3::boolean, $4, ${now} FROM raised RETURNING ${statements.columns}`;

/** Keeps templates beside the messages. */
export class PostgresTemplates implements TemplateStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async saveTemplate({ service, slug, isActive, content }: NewTemplate, at: Now): Promise<StoredTemplate> {
    const [row] = await this.#run<TemplateRow>(saveText, [service, slug, isActive, content, at ?? null]);
    return storedTemplate(row as TemplateRow);
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
    const values = [isActive, service, slug, service, slug];
    return (await this.#run(`${statements.activate} RETURNING 1`, values)).length > 0;
  }

  /** @param hotName of a statement that connections keep prepared */
  #run<Row>(text: string, values: readonly unknown[], hotName?: string): Promise<readonly Row[]> {
    return this.#database.run<Row>(this.#database.statement(text, hotName), values);
  }
}
