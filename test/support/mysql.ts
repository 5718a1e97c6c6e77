import { randomUUID } from 'node:crypto';
import { createConnection, createPool, type Pool, type PoolOptions } from 'mysql2/promise';
import { afterAll, beforeAll, expect } from 'vitest';

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
  /** Waits until a transaction in it waits for a lock. */
  lockWait(): Promise<void>;
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
  async function run(text: string, values: readonly unknown[] = []): Promise<readonly Record<string, unknown>[]> {
    own ??= pool({ connectionLimit: 2 });
    const [rows] = await own.query(text, [...values]);
    return rows as Record<string, unknown>[];
  }
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
    run,
    async lockWait() {
      // Not by INNODB_TRX: when tests ask for it more often than every 100 ms, they are given what was before.
      const isWaiting = async (): Promise<boolean> => {
        const threads = await run('SELECT ID AS id FROM information_schema.PROCESSLIST WHERE DB = DATABASE()');
        const [{ Status: status } = {}] = await run('SHOW ENGINE INNODB STATUS');
        const waiting = String(status)
          .split('---TRANSACTION')
          .filter((transaction) => transaction.includes('LOCK WAIT'));
        return threads.some(({ id }) => waiting.some((text) => text.includes(` thread id ${String(id)},`)));
      };
      await expect.poll(isWaiting, { timeout: 5000 }).toBe(true);
    },
  };
}
