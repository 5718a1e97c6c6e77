import { spawn } from 'node:child_process';
import { chmodSync, chownSync, existsSync, globSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { freePort } from '../support/ports.js';
import { newDirectory } from './directory.js';

/** A server of PostgreSQL of a test's own, which it may stop and start. It ends with the test. */
export class OwnPostgres {
  readonly address: string;
  readonly #programs: string;
  readonly #data: string;
  readonly #port: number;

  private constructor(programs: string, data: string, port: number) {
    this.#programs = programs;
    this.#data = data;
    this.#port = port;
    this.address = `postgres://postgres@127.0.0.1:${port}/postgres`;
  }

  /** @throws when the programs of a server are not there */
  static async start(): Promise<OwnPostgres> {
    const directory = newDirectory();
    const data = join(directory, 'data');
    mkdirSync(data);
    const own = new OwnPostgres(programsOfServer(), data, await freePort());
    if (process.getuid?.() === 0) {
      chmodSync(directory, 0o755);
      chownSync(data, ...accountOf('postgres'));
    }
    await own.#run('initdb', '--auth=trust', '--username=postgres', '--no-sync', '--locale=C');
    onTestFinished(() => own.#control('stop', '--mode=immediate').catch(() => {}));
    await own.comeBack();
    return own;
  }

  async comeBack(): Promise<void> {
    const options = `-p ${this.#port} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=on`;
    await this.#control('start', `--options=${options}`, '--log', join(this.#data, 'log'));
  }

  /** @param mode `fast`: it ends its connections; `immediate`: as when the machine fails */
  async stop(mode: 'fast' | 'immediate'): Promise<void> {
    await this.#control('stop', `--mode=${mode}`);
  }

  async #control(...given: readonly string[]): Promise<void> {
    await this.#run('pg_ctl', '--wait', ...given);
  }

  /** It refuses to run as the administrator. */
  async #run(program: string, ...given: readonly string[]): Promise<void> {
    const command = [join(this.#programs, program), `--pgdata=${this.#data}`, ...given];
    const whole =
      process.getuid?.() === 0
        ? ['setpriv', '--reuid=postgres', '--regid=postgres', '--clear-groups', ...command]
        : command;
    const [first = '', ...rest] = whole;
    // A server that is started keeps the output of pg_ctl open, which nobody may wait for.
    await new Promise<void>((resolve, reject) => {
      const child = spawn(first, rest, { cwd: '/', stdio: 'ignore' });
      child.on('error', reject);
      child.on('exit', (code) =>
        code === 0 ? resolve() : reject(new Error(`${program} ${given[0]} ended with ${code}`)),
      );
    });
  }
}

/** The ids of a user and of its group. */
function accountOf(user: string): [number, number] {
  const entry = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'))
    .find(([name]) => name === user);
  if (entry === undefined)
    throw new Error(`This test starts a PostgreSQL server, which refuses to run as root: it needs the user "${user}".`);
  return [Number(entry[2]), Number(entry[3])];
}

function programsOfServer(): string {
  const found = globSync('/usr/lib/postgresql/*/bin').filter((path) => existsSync(join(path, 'initdb')));
  const newest = found.toSorted((one, other) => one.localeCompare(other, 'en', { numeric: true })).at(-1);
  if (newest !== undefined) return newest;
  throw new Error(
    'This test restarts a PostgreSQL server of its own. It needs initdb and pg_ctl in /usr/lib/postgresql/*/bin: install the package "postgresql".',
  );
}
