import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ConfigurationError, createPushService, PushService } from '../index.js';
import { isRecord } from '../wire/is-record.js';
import { CommandFailed } from './arguments.js';
import { type Terminal, terminalLogger } from './terminal.js';

/** Names by which a module exports its push service. */
const exportNames = ['default', 'push', 'PushService'] as const;

/** The help of the argument that names a module. */
export const moduleHelp = 'module of the application that configures its push service, such as ./push.js';

/** The help of the argument that names a message store. */
export const storeHelp: string = `${moduleHelp} (default: the store that PUSH_MESSAGES names)`;

/** Options of the commands that take a message store from the environment. */
export interface StoreOptions {
  /** The setting `name`. */
  readonly service?: string | undefined;
  /** Whether a file of SQLite that is not there is made. @default false */
  readonly makesFile?: boolean | undefined;
}

/** The help of the option `--service`. */
export const serviceHelp = 'the "name" of the service, without a module (default: "default")';

/**
 * A service whose message store a command works on, without a worker.
 * @param path a module of the application; without it, the store is that which `PUSH_MESSAGES` names
 * @throws ConfigurationError when neither names one; the rest is as for {@link serviceOf}
 */
export async function storeService(
  path: string | undefined,
  terminal: Terminal,
  { service, makesFile = false }: StoreOptions = {},
): Promise<PushService> {
  if (path !== undefined) {
    if (service === undefined) return serviceOf(path);
    throw new ConfigurationError('The module says which service it is: leave out --service, or the module.');
  }
  const messages = terminal.environment['PUSH_MESSAGES'];
  if (messages === undefined || messages.trim() === '') {
    throw new ConfigurationError(
      'No message store is named: pass the module that configures the push service, such as ./push.js, or set PUSH_MESSAGES.',
    );
  }
  if (!makesFile) checkFile(messages);
  return createPushService({
    backend: 'console',
    messages,
    worker: false,
    logger: terminalLogger(terminal),
    ...(service !== undefined && { name: service }),
  });
}

/** @throws ConfigurationError when a file of SQLite is not there: it may be misspelt, and would be an empty store */
function checkFile(messages: string): void {
  const [scheme = '', ...rest] = messages.trim().split(':');
  if (scheme.toLowerCase() !== 'sqlite') return;
  const file = rest.join(':').replace(/^\/\//, '');
  if (file === ':memory:' || existsSync(resolve(file))) return;
  throw new ConfigurationError(
    `There is no file ${file}, which PUSH_MESSAGES names and which would be ${resolve(file)}. An application makes it, or "pushrail migrate".`,
  );
}

/**
 * Loads a module of the application. No worker begins meanwhile.
 * @returns the push service that it exports, else the default one, if it has configured that
 * @throws ConfigurationError when the module is not there, or has no service; CommandFailed when it cannot be loaded
 */
export async function serviceOf(path: string): Promise<PushService> {
  const file = resolve(path);
  if (!existsSync(file)) throw new ConfigurationError(`There is no module ${path}, which would be ${file}.`);
  const exported = await withoutWorker(() => load(path, file));
  for (const each of [exported, exported['default']]) {
    for (const name of exportNames) {
      const found = isRecord(each) ? each[name] : undefined;
      if (isService(found)) return found;
    }
  }
  if (isConfigured(PushService)) return PushService;
  throw new ConfigurationError(
    `The module ${path} has no push service: let it call PushService.configure(…), or export a service as "push" or by default.`,
  );
}

async function load(path: string, file: string): Promise<Readonly<Record<string, unknown>>> {
  try {
    return await import(pathToFileURL(file).href);
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    throw new CommandFailed(`The module ${path} could not be loaded: ${text}`, { cause: error });
  }
}

/** The command decides whether this process works, and it does so when the module has been loaded as a whole. */
async function withoutWorker<Result>(run: () => Promise<Result>): Promise<Result> {
  const before = process.env['PUSH_WORKER'];
  process.env['PUSH_WORKER'] = 'false';
  try {
    return await run();
  } finally {
    if (before === undefined) delete process.env['PUSH_WORKER'];
    else process.env['PUSH_WORKER'] = before;
  }
}

/** The module may have another copy of this package, whose class is not ours. */
function isService(value: unknown): value is PushService {
  return isRecord(value) && typeof value['send'] === 'function' && typeof value['work'] === 'function';
}

function isConfigured(service: PushService): boolean {
  const { backend, backends } = service.toJSON() as { readonly backend?: object; readonly backends?: object };
  return backend !== undefined || backends !== undefined;
}
