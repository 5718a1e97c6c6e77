import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { type Connection, createConnection } from 'mysql2/promise';
import { type BenchDatabase, cpuSecondsOf } from './database.ts';

/** The MySQL or MariaDB server: that of MYSQL_HOST and the like, else the one on this machine. */
const server = {
  host: process.env['MYSQL_HOST'] ?? '127.0.0.1',
  port: Number(process.env['MYSQL_TCP_PORT'] ?? 3306),
  user: process.env['MYSQL_USER'] ?? 'root',
  password: process.env['MYSQL_PWD'] ?? '',
};

export class MysqlDatabase implements BenchDatabase {
  readonly store = 'mysql';
  readonly url: string;
  readonly #name: string;
  readonly #connection: Connection;

  private constructor(name: string, connection: Connection) {
    const { host, port, user, password } = server;
    this.#name = name;
    this.#connection = connection;
    this.url = `mysql://${user}:${encodeURIComponent(password)}@${host}:${port}/${name}`;
  }

  static async make(): Promise<MysqlDatabase> {
    const name = `pushrail_bench_${randomUUID().replaceAll('-', '')}`;
    const connection = await createConnection(server);
    await connection.query(`CREATE DATABASE ${name}`);
    await connection.query(`USE ${name}`);
    return new MysqlDatabase(name, connection);
  }

  async run(text: string, values: readonly unknown[] = []): Promise<readonly Record<string, unknown>[]> {
    const [rows] = await this.#connection.query(text, [...values]);
    return Array.isArray(rows) ? (rows as Record<string, unknown>[]) : [];
  }

  async now(): Promise<number> {
    const [row] = await this.run('SELECT UNIX_TIMESTAMP(NOW(3)) AS now');
    return Number(row?.['now']);
  }

  async sentSince(time: number): Promise<{ readonly count: number; readonly last: number }> {
    const [row] = await this.run(
      'SELECT MAX(sent_at) / 1000 AS last, COUNT(*) AS count FROM pushrail_messages WHERE sent_at > ?',
      [time * 1000],
    );
    return { count: Number(row?.['count']), last: Number(row?.['last']) };
  }

  async empty(): Promise<void> {
    await this.run('TRUNCATE pushrail_messages');
    await this.run('TRUNCATE pushrail_recipients');
  }

  async tidy(): Promise<void> {
    await this.run('ANALYZE TABLE pushrail_messages');
  }

  /** Of the whole server, which is one process. */
  async cpuSeconds(): Promise<number> {
    const [row] = await this.run('SELECT @@pid_file AS file');
    return cpuSecondsOf(Number(readFileSync(String(row?.['file']), 'utf8')));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#connection.query(`DROP DATABASE ${this.#name}`);
    await this.#connection.end();
  }
}
