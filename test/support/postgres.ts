import { randomUUID } from 'node:crypto';
import { Client, Pool, type PoolConfig } from 'pg';
import { afterAll, beforeAll } from 'vitest';

/** The PostgreSQL server of the tests: that of PGHOST and the like, else the one on this machine. */
export const server: {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
} = {
  host: process.env['PGHOST'] ?? '127.0.0.1',
  port: Number(process.env['PGPORT'] ?? 5432),
  user: process.env['PGUSER'] ?? 'postgres',
  password: process.env['PGPASSWORD'] ?? '',
};

/** A database of a test file's own. */
export interface TestDatabase {
  readonly name: string;
  /** Its address, through another port if one is given. */
  url(port?: number): string;
  /** Makes a pool, which ends with the file. */
  pool(config?: PoolConfig): Pool;
  /** Runs a statement. */
  run(text: string, values?: unknown[]): Promise<readonly Record<string, unknown>[]>;
}

/** Runs a statement in a database of the server's own. */
export async function onServer(text: string): Promise<void> {
  const client = new Client({ ...server, database: 'postgres' });
  await client.connect();
  try {
    await client.query(text);
  } finally {
    await client.end();
  }
}

/** Makes a database before the tests of a file, and drops it behind them. */
export function withPostgres(): TestDatabase {
  const name = `pushrail_test_${randomUUID().replaceAll('-', '')}`;
  const pools: Pool[] = [];
  function pool(config: PoolConfig = {}): Pool {
    const made = new Pool({ ...server, database: name, ...config });
    // Tests end connections under it.
    made.on('error', () => {});
    pools.push(made);
    return made;
  }
  let own: Pool | undefined;
  beforeAll(() => onServer(`CREATE DATABASE ${name}`));
  afterAll(async () => {
    await Promise.all(pools.map((made) => (made.ended ? undefined : made.end())));
    await onServer(`DROP DATABASE ${name} WITH (FORCE)`);
  });
  return {
    name,
    url: (port = server.port) =>
      `postgres://${server.user}:${server.password || 'any-password'}@${server.host}:${port}/${name}`,
    pool,
    async run(text, values) {
      own ??= pool({ max: 2 });
      return (await own.query(text, values)).rows;
    },
  };
}
