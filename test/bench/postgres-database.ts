import { randomUUID } from 'node:crypto';
import { Client } from 'pg';
import { type BenchDatabase, cpuSecondsOf } from './database.ts';

/** The PostgreSQL server: that of PGHOST and the like, else the one on this machine. */
const server = {
  host: process.env['PGHOST'] ?? '127.0.0.1',
  port: Number(process.env['PGPORT'] ?? 5432),
  user: process.env['PGUSER'] ?? 'postgres',
  password: process.env['PGPASSWORD'] ?? '',
};

export class PostgresDatabase implements BenchDatabase {
  readonly store = 'postgres';
  readonly url: string;
  readonly #name: string;
  readonly #client: Client;

  private constructor(name: string) {
    const { host, port, user, password } = server;
    this.#name = name;
    this.url = `postgres://${user}:${encodeURIComponent(password)}@${host}:${port}/${name}`;
    this.#client = new Client({ ...server, database: name, application_name: 'bench' });
  }

  static async make(): Promise<PostgresDatabase> {
    const name = `pushrail_bench_${randomUUID().replaceAll('-', '')}`;
    await onServer(`CREATE DATABASE ${name}`);
    const database = new PostgresDatabase(name);
    await database.#client.connect();
    return database;
  }

  async run(text: string, values: readonly unknown[] = []): Promise<readonly Record<string, unknown>[]> {
    return (await this.#client.query(text, [...values])).rows;
  }

  async now(): Promise<number> {
    const [row] = await this.run('SELECT extract(epoch FROM clock_timestamp())::float8 AS now');
    return Number(row?.['now']);
  }

  async sentSince(time: number): Promise<{ readonly count: number; readonly last: number }> {
    const [row] = await this.run(
      `SELECT extract(epoch FROM max(sent_at))::float8 AS last, count(*)::integer AS count FROM pushrail_messages
       WHERE sent_at > to_timestamp($1)`,
      [time],
    );
    return { count: Number(row?.['count']), last: Number(row?.['last']) };
  }

  async empty(): Promise<void> {
    await this.run('TRUNCATE pushrail_messages, pushrail_recipients');
  }

  async tidy(): Promise<void> {
    await this.run('VACUUM ANALYZE pushrail_messages');
  }

  /** Of the connections, but for our own. */
  async cpuSeconds(): Promise<number> {
    const rows = await this.run(
      `SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`,
    );
    return rows.reduce((seconds, { pid }) => seconds + cpuSecondsOf(Number(pid)), 0);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client.end();
    await onServer(`DROP DATABASE ${this.#name} WITH (FORCE)`);
  }
}

async function onServer(text: string): Promise<void> {
  const client = new Client({ ...server, database: 'postgres' });
  await client.connect();
  try {
    await client.query(text);
  } finally {
    await client.end();
  }
}
