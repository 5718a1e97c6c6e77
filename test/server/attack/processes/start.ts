import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import type { WebSocketOptions } from '../../../../src/backends/websocket/index.js';
import { app } from '../../../protocol/support/server.js';
import { hook } from '../../support/source-hook.js';
import type { ServerState } from './server.js';

const source = new URL('../../../../src/backends/websocket/index.ts', import.meta.url).href;

/** Starts a program of this folder. It is killed at the end of the test. @param maxFiles how many files it may open */
function start(program: string, programArguments: readonly string[], maxFiles?: number): ChildProcess {
  const path = fileURLToPath(new URL(`./${program}.ts`, import.meta.url));
  const node = [process.execPath, '--expose-gc', '--import', hook(), path, ...programArguments];
  const limited = ['sh', '-c', `ulimit -n ${maxFiles}; exec "$@"`, 'sh', ...node];
  const [command = '', ...rest] = maxFiles === undefined ? node : limited;
  const child = spawn(command, rest, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  return child;
}

/** A server in a process of its own, whose heap holds no client and no test. */
export class ServerProcess {
  readonly address: { readonly host: string; readonly port: number };
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, port: number) {
    this.#child = child;
    this.address = { host: '127.0.0.1', port };
  }

  static async start(options: WebSocketOptions = {}, maxFiles?: number): Promise<ServerProcess> {
    const child = start('server', [source, JSON.stringify(app), JSON.stringify(options)], maxFiles);
    const [{ port }] = (await once(child, 'message')) as [ServerState];
    return new ServerProcess(child, port);
  }

  async state(): Promise<ServerState> {
    const told = once(this.#child, 'message');
    this.#child.send('state');
    const [state] = (await told) as [ServerState];
    return state;
  }

  get isRunning(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }
}

/** Starts clients in a process of their own, which are members of a presence channel when it resolves. */
export async function clientsProcess(port: number, channel: string, count: number): Promise<ChildProcess> {
  const child = start('clients', [String(port), app.pubKey, app.secretKey, channel, String(count)]);
  await once(child, 'message');
  return child;
}
