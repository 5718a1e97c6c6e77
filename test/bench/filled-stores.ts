import { DatabaseSync } from 'node:sqlite';
import type { MysqlDatabase } from './mysql-database.ts';
import type { PostgresDatabase } from './postgres-database.ts';

// Rows are made by the database itself. Indexes are made behind them, which is faster.

/** Messages with one tag, half of them sent and half not due. */
const WITH_ONE_TAG = 20;

/** How many tags there are with so many rows. */
export function tagsOf(rows: number): number {
  return Math.ceil((2 * rows) / WITH_ONE_TAG);
}

/** Rows that were sent long ago in a store's file, and as many that are not due for long. */
export function fillFile(file: string, rows: number): void {
  const database = new DatabaseSync(file);
  const indexes = database
    .prepare(`SELECT name, sql FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL`)
    .all() as { name: string; sql: string }[];
  const made = `WITH RECURSIVE made (number) AS (SELECT 1 UNION ALL SELECT number + 1 FROM made WHERE number < ${2 * rows})
    INSERT INTO pushrail_messages (id, service, state, created_at, changed_at, sent_at, send_after, event, priority, tag,
      channels, related, content, details, outcomes)
    SELECT printf('%08x-0000-7000-8000-%012x', number / 256, number), 'bench',
      CASE WHEN number <= ${rows} THEN 'SENT' ELSE 'WAITING' END, number, number,
      CASE WHEN number <= ${rows} THEN number END,
      CASE WHEN number <= ${rows} THEN number ELSE ${Date.now()} + 9000000000 + number END,
      'bench', 1, 'tag-' || (number % ${tagsOf(rows)}), '["bench"]', '[]', '{}' || char(10) || '{"text":"hello"}', '{}', '[]'
    FROM made`;
  database.exec('PRAGMA synchronous = OFF; PRAGMA cache_size = -200000; BEGIN');
  for (const { name } of indexes) database.exec(`DROP INDEX ${name}`);
  database.exec(made);
  for (const { sql } of indexes) database.exec(sql);
  database.exec('COMMIT');
  database.close();
}

/** The same in PostgreSQL. */
export async function fillPostgres(database: PostgresDatabase, rows: number): Promise<void> {
  const indexes = await database.run(
    `SELECT indexname, indexdef FROM pg_indexes WHERE tablename = 'pushrail_messages' AND indexname NOT LIKE '%_pkey'`,
  );
  for (const { indexname } of indexes) await database.run(`DROP INDEX ${String(indexname)}`);
  await database.run(
    `INSERT INTO pushrail_messages (id, service, state, created_at, changed_at, sent_at, send_after, event, priority, tag,
      channels, related, content, details, outcomes)
    SELECT (lpad(to_hex(number / 256), 8, '0') || '-0000-7000-8000-' || lpad(to_hex(number), 12, '0'))::uuid, 'bench',
      CASE WHEN number <= ${rows} THEN 'SENT' ELSE 'WAITING' END, at, at, CASE WHEN number <= ${rows} THEN at END,
      CASE WHEN number <= ${rows} THEN at ELSE now() + interval '99 days' + number * interval '1 ms' END,
      'bench', 1, 'tag-' || (number % ${tagsOf(rows)}), '["bench"]', '[]', E'{}\\n{"text":"hello"}', '{}', '[]'
    FROM (SELECT number, to_timestamp(number / 1000.0) AS at FROM generate_series(1, ${2 * rows}) AS number) AS made`,
  );
  for (const { indexdef } of indexes) await database.run(String(indexdef));
  await database.run('VACUUM ANALYZE pushrail_messages');
}

/** The same in MySQL or MariaDB. */
export async function fillMysql(database: MysqlDatabase, rows: number): Promise<void> {
  const indexes = await database.run(
    `SELECT INDEX_NAME AS name, GROUP_CONCAT(COLUMN_NAME ORDER BY SEQ_IN_INDEX) AS columns
    FROM information_schema.STATISTICS
    WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = 'pushrail_messages' AND INDEX_NAME <> 'PRIMARY'
    GROUP BY INDEX_NAME`,
  );
  await database.run(`ALTER TABLE pushrail_messages ${indexes.map(({ name }) => `DROP INDEX ${name}`).join(', ')}`);
  const thousand = `(WITH RECURSIVE made (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM made WHERE n < 999) SELECT n FROM made)`;
  for (let before = 0; before < 2 * rows; before += 100_000)
    await database.run(
      `INSERT INTO pushrail_messages (id, service, state, created_at, changed_at, sent_at, send_after, event, priority,
        tag, channels, related, content, details, outcomes)
      SELECT CONCAT(LPAD(HEX(number DIV 256), 8, '0'), '-0000-7000-8000-', LPAD(HEX(number), 12, '0')), 'bench',
        IF(number <= ${rows}, 'SENT', 'WAITING'), number, number, IF(number <= ${rows}, number, NULL),
        IF(number <= ${rows}, number, ${Date.now()} + 9000000000 + number),
        'bench', 1, CONCAT('tag-', number % ${tagsOf(rows)}), '["bench"]', '[]', '{}\\n{"text":"hello"}', '{}', '[]'
      FROM (SELECT ${before} + a.n * 1000 + b.n + 1 AS number FROM ${thousand} AS a, ${thousand} AS b
        WHERE a.n < 100) AS made
      WHERE number <= ${2 * rows} ORDER BY number`,
    );
  const added = indexes.map(({ name, columns }) => `ADD INDEX ${name} (${columns})`);
  await database.run(`ALTER TABLE pushrail_messages ${added.join(', ')}`);
  await database.tidy();
}
