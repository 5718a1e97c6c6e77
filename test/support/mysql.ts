import { randomUUID } from 'node:crypto';
import { createConnection, createPool, type Pool, type PoolOptions } from 'mysql2/promise';
import { afterAll, beforeAll } from 'vitest';

/** The MySQL or MariaDB of the tests: that of MYSQL_HOST and the like, else the one on this machine. */
export const server: {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
} = {
  host: process.env['MYSQL_HOST'] ?? '127.0.0.1',
  port: Number(process.env['MYSQL_TCP_PORT'] ?? 3306),
  user: process.env['MYSQL_USER'] ?? 'root',
  password: process.env['MYSQL_PWD'] ?? '',
};

/** A database of a test file's own. */
export interface TestDatabase {
  readonly name: string;
  /** Its address, through another port if one is given. */
  url(port?: number): string;
  /** Makes a pool, which ends with the file. */
  pool(config?: PoolOptions): Pool;
  /** Runs a statement. */
  run(text: string, values?: readonly unknown[]): Promise<readonly Record<string, unknown>[]>;
}

/** Runs a statement without a database. */
export async function onServer(text: string): Promise<void> {
  const connection = await createConnection(server);
  try {
    await connection.query(text);
  } finally {
    await connection.end();
  }
}

/** Makes a database before the tests of a file, and drops it behind them. */
export function withMysql(): TestDatabase {
  const name = `pushrail_test_${randomUUID().replaceAll('-', '')}`;
  const pools: Pool[] = [];
  function pool(config: PoolOptions = {}): Pool {
    const made = createPool({ ...server, database: name, ...config });
    pools.push(made);
    return made;
  }
  let own: Pool | undefined;
  beforeAll(() => onServer(`CREATE DATABASE ${name}`));
  afterAll(async () => {
    await Promise.all(pools.map((made) => made.end()));
    await onServer(`DROP DATABASE ${name}`);
  });
  return {
    name,
    url: (port = server.port) =>
      `mysql://${server.user}${server.password && `:${server.password}`}@${server.host}:${port}/${name}`,
    pool,
    async run(text, values = []) {
      own ??= pool({ connectionLimit: 2 });
      const [rows] = await own.query(text, [...values]);
      return rows as Record<string, unknown>[];
    },
  };
}
