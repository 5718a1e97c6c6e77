import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import { type Connection, createConnection } from 'mysql2/promise';
import { freePort } from '../support/ports.js';

const execute = promisify(execFile);

/** A server of MariaDB of a test file's own, which it may stop and start. */
export class OwnMysql {
  readonly address: string;
  readonly #directory: string;
  readonly #port: number;
  #process: ChildProcess | undefined;

  private constructor(directory: string, port: number) {
    this.#directory = directory;
    this.#port = port;
    this.address = `mysql://root@127.0.0.1:${port}/push`;
  }

  /** @throws when the programs of a server are not there */
  static async start(): Promise<OwnMysql> {
    const own = new OwnMysql(mkdtempSync(join(tmpdir(), 'pushrail-faults-')), await freePort());
    const plain = ['--auth-root-authentication-method=normal', '--skip-test-db'];
    await execute('mariadb-install-db', [...own.#options, ...plain]).catch((error: unknown) => {
      throw new Error('This test restarts a MariaDB server of its own: install the package "mariadb-server".', {
        cause: error,
      });
    });
    await own.comeBack();
    await own.run('CREATE DATABASE push');
    return own;
  }

  get #options(): readonly string[] {
    return ['--no-defaults', `--datadir=${join(this.#directory, 'data')}`, `--user=${userInfo().username}`];
  }

  /** Starts it. @returns when it answers */
  async comeBack(): Promise<void> {
    const here = [`--port=${this.#port}`, '--bind-address=127.0.0.1', `--socket=${join(this.#directory, 'socket')}`];
    const small = ['--innodb-buffer-pool-size=16M', '--innodb-log-file-size=8M', '--skip-name-resolve'];
    const program = ['/usr/sbin/mariadbd', '/usr/libexec/mariadbd'].find((path) => existsSync(path)) ?? 'mariadbd';
    const started = spawn(program, [...this.#options, ...here, ...small], { stdio: 'ignore' });
    this.#process = started;
    while (!(await this.#answers())) {
      if (started.exitCode !== null) throw new Error(`mariadbd ended with ${started.exitCode}.`);
      await pause(20);
    }
  }

  /** @param mode `fast`: it ends its connections; `immediate`: as when the machine fails */
  async stop(mode: 'fast' | 'immediate'): Promise<void> {
    const stopped = this.#process;
    this.#process = undefined;
    if (stopped === undefined || stopped.exitCode !== null) return;
    const ended = once(stopped, 'exit');
    stopped.kill(mode === 'fast' ? 'SIGTERM' : 'SIGKILL');
    await ended;
  }

  /** Stops it for good, and removes what it has kept. */
  async end(): Promise<void> {
    await this.stop('immediate');
    rmSync(this.#directory, { recursive: true, force: true });
  }

  /** Runs statements as the administrator. */
  async run(...texts: readonly string[]): Promise<void> {
    const connection = await this.#connect();
    for (const text of texts) await connection.query(text);
    await connection.end();
  }

  /** Waits until it has no connection to a database. */
  async whenIdle(database: string): Promise<void> {
    const connection = await this.#connect();
    const text = 'SELECT 1 FROM information_schema.PROCESSLIST WHERE DB = ?';
    while (((await connection.query(text, [database]))[0] as unknown[]).length > 0) await pause(50);
    await connection.end();
  }

  /** Its address for another user. */
  addressFor(user: string): string {
    return this.address.replace('root', user);
  }

  async #answers(): Promise<boolean> {
    const connection = await this.#connect().catch(() => undefined);
    await connection?.end();
    return connection !== undefined;
  }

  #connect(): Promise<Connection> {
    return createConnection({ host: '127.0.0.1', port: this.#port, user: 'root' });
  }
}
