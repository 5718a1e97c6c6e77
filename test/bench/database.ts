import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Client } from 'pg';

/** The PostgreSQL server: that of PGHOST and the like, else the one on this machine. */
const server = {
  host: process.env['PGHOST'] ?? '127.0.0.1',
  port: Number(process.env['PGPORT'] ?? 5432),
  user: process.env['PGUSER'] ?? 'postgres',
  password: process.env['PGPASSWORD'] ?? '',
};
/** Of the times in `/proc`. */
const TICKS_A_SECOND = 100;

/** A database of a benchmark's own, which is dropped at its end. */
export class BenchDatabase implements AsyncDisposable {
  readonly url: string;
  readonly #name: string;
  readonly #client: Client;

  private constructor(name: string) {
    const { host, port, user, password } = server;
    this.#name = name;
    this.url = `postgres://${user}:${encodeURIComponent(password)}@${host}:${port}/${name}`;
    this.#client = new Client({ ...server, database: name, application_name: 'bench' });
  }

  static async make(): Promise<BenchDatabase> {
    const name = `pushrail_bench_${randomUUID().replaceAll('-', '')}`;
    await onServer(`CREATE DATABASE ${name}`);
    const database = new BenchDatabase(name);
    await database.#client.connect();
    return database;
  }

  async run(text: string, values: readonly unknown[] = []): Promise<readonly Record<string, unknown>[]> {
    return (await this.#client.query(text, [...values])).rows;
  }

  /** The present, in seconds since the epoch. */
  async now(): Promise<number> {
    const [row] = await this.run('SELECT extract(epoch FROM clock_timestamp())::float8 AS now');
    return Number(row?.['now']);
  }

  /** CPU time so far of the processes of the database's connections, but for our own; on Linux, on this machine. */
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

/** CPU time of a process so far, in seconds. */
function cpuSecondsOf(pid: number): number {
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The name of the program, in brackets, may hold spaces.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_A_SECOND;
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
