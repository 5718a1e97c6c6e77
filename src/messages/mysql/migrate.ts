import { ConfigurationError, TimeoutError } from '../../core/errors.js';
import { type Migration, missingMigrations } from '../sql/migrations.js';
import { tables } from '../sql/names.js';
import type { Run } from './clients.js';
import { present } from './clock.js';
import type { Database } from './database.js';
import { COLLATION } from './schema.js';

/** Longest time for all steps together, in milliseconds. An index on many rows takes its time. */
const MIGRATION_MS = 600_000;

/** A table, a column or an index that is there already. */
const there: readonly unknown[] = [1050, 1060, 1061];

/** The lock of who migrates. Its name is one for the whole server. */
const lock = `CONCAT('pushrail.', SHA1(DATABASE()))`;

/**
 * Checks the database and its connections.
 * @returns the steps that the database still needs
 * @throws ConfigurationError for a connection that would not keep what it is given
 */
export function findMissing(database: Database, steps: readonly Migration[]): Promise<readonly Migration[]> {
  return database.within(async (run) => {
    await check(run);
    return missing(run, steps);
  });
}

/**
 * Makes the steps that are missing. One process at a time does; another one waits, and then finds nothing to do. MySQL
 * commits each change of a schema by itself: a step that was cut short goes on where it ended.
 * @returns the names of the steps
 */
export async function migrate(database: Database, steps: readonly Migration[]): Promise<readonly string[]> {
  if ((await findMissing(database, steps)).length === 0) return [];
  return database.within(async (run) => {
    const { rows } = await run<{ readonly locked: unknown }>(
      `SELECT GET_LOCK(${lock}, ${MIGRATION_MS / 1000}) AS locked`,
    );
    if (Number(rows[0]?.locked) !== 1)
      throw new TimeoutError('MySQL: another process migrates, and does not end.', { outcome: 'rejected' });
    try {
      return await makeSteps(run, steps);
    } finally {
      await run(`SELECT RELEASE_LOCK(${lock})`).catch(() => {});
    }
  }, MIGRATION_MS);
}

async function makeSteps(run: Run, steps: readonly Migration[]): Promise<readonly string[]> {
  const collation = await collationOf(run);
  await run(`CREATE TABLE IF NOT EXISTS ${tables.migrations} (
    name VARCHAR(255) NOT NULL PRIMARY KEY, made_at BIGINT NOT NULL
  ) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=${collation}`);
  const names: string[] = [];
  for (const { name, statements } of await missing(run, steps)) {
    for (const text of statements) {
      await run(text.replaceAll(COLLATION, collation)).catch((error: unknown) => {
        if (!there.includes(Reflect.get(Object(error), 'errno'))) throw error;
      });
    }
    await run(`INSERT INTO ${tables.migrations} (name, made_at) VALUES (?, ${present})`, [name]);
    names.push(name);
  }
  return names;
}

/** A collation that compares the characters alone, blanks at the end too. Newer MariaDB knows both names. */
async function collationOf(run: Run): Promise<string> {
  const { rows } = await run<{ readonly name: unknown }>(
    `SELECT COLLATION_NAME AS name FROM information_schema.COLLATIONS
    WHERE COLLATION_NAME IN ('utf8mb4_nopad_bin', 'utf8mb4_0900_bin') ORDER BY 1 DESC`,
  );
  const [row] = rows;
  if (row !== undefined) return String(row.name);
  throw new ConfigurationError('mysqlMessages() needs MySQL 8.0.17 or newer, or MariaDB 10.6 or newer.');
}

async function check(run: Run): Promise<void> {
  const { rows } = await run<{ readonly name: unknown; readonly charset: unknown; readonly autocommit: unknown }>(
    'SELECT DATABASE() AS name, @@character_set_client AS charset, @@autocommit AS autocommit',
  );
  const [row] = rows;
  if (row?.name === null)
    throw new ConfigurationError(
      'mysqlMessages(): the connections have no database selected. Name one in the address, or as "database" of the pool.',
    );
  if (String(row?.charset) !== 'utf8mb4')
    throw new ConfigurationError(
      `mysqlMessages(): the connections of the pool have the character set "${String(row?.charset)}". Leave out "charset" of the pool, or set it to "utf8mb4".`,
    );
  if (Number(row?.autocommit) !== 1)
    throw new ConfigurationError(
      'mysqlMessages(): the connections of the pool do not commit by themselves. Pass a pool with autocommit = 1.',
    );
}

async function missing(run: Run, steps: readonly Migration[]): Promise<readonly Migration[]> {
  const { rows } = await run(
    `SELECT 1 FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = '${tables.migrations}'`,
  );
  if (rows.length === 0) return steps;
  const made = await run<{ readonly name: string }>(`SELECT name FROM ${tables.migrations}`);
  return missingMigrations(
    steps,
    made.rows.map(({ name }) => name),
  );
}
