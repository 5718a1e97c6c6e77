/**
 * A step of the schema. Steps expand only: they add tables, indexes, and columns that may be null or have a default.
 * They never rename, remove or narrow. So processes of the release before go on while a new one migrates.
 */
export interface Migration {
  /** Sorts behind the one before, such as `0002_seen`. It never changes. */
  readonly name: string;
  /** Made in one transaction, in this order. */
  readonly statements: readonly string[];
}

/**
 * The steps that a database still needs, in their order. Names that only the database knows are of a newer release,
 * and do no harm.
 * @param made the names in the database
 */
export function missingMigrations(migrations: readonly Migration[], made: Iterable<string>): readonly Migration[] {
  const names = new Set(made);
  return migrations.filter(({ name }) => !names.has(name));
}
