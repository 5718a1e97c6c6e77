import { type Migration, missingMigrations } from '../sql/migrations.js';
import { tables } from '../sql/names.js';
import type { Database, Run } from './database.js';
import { isTrue } from './rows.js';

/** Longest time for all steps together, in milliseconds. An index on many rows takes its time. */
const MIGRATION_MS = 600_000;
/** The advisory lock of who migrates: any number that nobody else in the database uses. */
const LOCK = 7_814_202_607;

/** @returns the steps that the database still needs */
export async function findMissing(database: Database, steps: readonly Migration[]): Promise<readonly Migration[]> {
  // Asking a table that is not there would put an error into the database's log.
  const [found] = await database.run<{ readonly is_there: unknown }>(
    database.statement(`SELECT to_regclass('${tables.migrations}') IS NOT NULL AS is_there`),
  );
  return isTrue(found?.is_there) ? missing(database, database.run, steps) : steps;
}

/**
 * Makes the steps that are missing, in one transaction: all or none of them. One process at a time does; another one
 * waits, and then finds nothing to do.
 * @returns the names of the steps
 */
export async function migrate(database: Database, steps: readonly Migration[]): Promise<readonly string[]> {
  if ((await findMissing(database, steps)).length === 0) return [];
  return database.transaction(async (run) => {
    await run('SELECT pg_advisory_xact_lock($1::bigint)', [LOCK]);
    await run(
      database.statement(`CREATE TABLE IF NOT EXISTS ${tables.migrations} (
        name text PRIMARY KEY, made_at timestamptz NOT NULL DEFAULT clock_timestamp())`),
    );
    const names: string[] = [];
    for (const { name, statements } of await missing(database, run, steps)) {
      for (const text of statements) await run(database.statement(text));
      await run(database.statement(`INSERT INTO ${tables.migrations} (name) VALUES ($1)`), [name]);
      names.push(name);
    }
    return names;
  }, MIGRATION_MS);
}

async function missing(database: Database, run: Run, steps: readonly Migration[]): Promise<readonly Migration[]> {
  const made = await run<{ readonly name: string }>(database.statement(`SELECT name FROM ${tables.migrations}`));
  return missingMigrations(
    steps,
    made.map(({ name }) => name),
  );
}
