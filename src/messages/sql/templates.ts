import type { StoredTemplate } from '../template-store.js';
import { tables } from './names.js';
import type { Dialect } from './queries.js';

/** A row of `pushrail_template_versions`. What is a number may come as a text, and what is true as 1 or as `t`. */
export interface TemplateRow {
  readonly service: string;
  readonly slug: string;
  readonly version: unknown;
  readonly is_active: unknown;
  readonly content: string;
  readonly created_at: unknown;
}

/** The statements about templates that databases share. The values are in the order of their places. */
export interface TemplateStatements {
  /** The columns of a {@link TemplateRow}, of the table under the name `v`. */
  readonly columns: string;
  /** The latest version. Values: the service, the slug. */
  readonly latest: string;
  /** A version. Values: the service, the slug, the version. */
  readonly version: string;
  /** The latest versions. Values: the service, the slug that they stand behind, the most rows where that is a place. */
  list(limit: number): string;
  /** Hides a template. Values: the service, the slug. */
  readonly remove: string;
  /** Counts one more version. Values: the service, the slug. SQLite and PostgreSQL know it. @returns the `version` */
  readonly raise: string;
  /** Values: whether it is active, the service, the slug, the service, the slug. */
  readonly activate: string;
}

const { templates, templateVersions } = tables;

/** The statements, as a database writes them. */
export function templateStatements(dialect: Dialect): TemplateStatements {
  const place = (number: number): string => dialect.placeholder(number);
  const columns = `v.service, v.slug, v.version, v.is_active, v.content, ${dialect.ms('v.created_at')} AS created_at`;
  const latest = `SELECT ${columns} FROM ${templates} t JOIN ${templateVersions} v
    ON v.service = t.service AND v.slug = t.slug AND v.version = t.version
    WHERE t.service = ${place(1)} AND NOT t.is_removed`;
  return {
    columns,
    latest: `${latest} AND t.slug = ${place(2)}`,
    version: `SELECT ${columns} FROM ${templateVersions} v
      WHERE v.service = ${place(1)} AND v.slug = ${place(2)} AND v.version = ${place(3)}`,
    list: (limit) => `${latest} AND t.slug > ${place(2)} ORDER BY t.slug LIMIT ${dialect.limit?.(limit) ?? place(3)}`,
    remove: `UPDATE ${templates} SET is_removed = TRUE
      WHERE service = ${place(1)} AND slug = ${place(2)} AND NOT is_removed`,
    raise: `INSERT INTO ${templates} (service, slug, version, is_removed) VALUES (${place(1)}, ${place(2)}, 1, FALSE)
      ON CONFLICT (service, slug) DO UPDATE SET version = ${templates}.version + 1, is_removed = FALSE
      RETURNING version`,
    activate: `UPDATE ${templateVersions} SET is_active = ${place(1)}
      WHERE service = ${place(2)} AND slug = ${place(3)} AND version =
        (SELECT t.version FROM ${templates} t
        WHERE t.service = ${place(4)} AND t.slug = ${place(5)} AND NOT t.is_removed)`,
  };
}

/** A row as a template. */
export function storedTemplate(row: TemplateRow): StoredTemplate {
  const { service, slug, content, is_active: isActive } = row;
  return {
    ...{ service, slug, content, version: Number(row.version), createdAt: Math.round(Number(row.created_at)) },
    isActive: isActive === 't' || isActive === true || Number(isActive) === 1,
  };
}

/** Whether a version can be there. PostgreSQL fails at a number that its column does not hold. */
export function isVersion(version: number): boolean {
  return Number.isInteger(version) && version > 0 && version < 2 ** 31;
}
