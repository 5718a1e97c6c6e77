import { resolve } from 'node:path';
import { checkOptionNames } from '../../core/call-options.js';
import { ConfigurationError } from '../../core/errors.js';
import type { MessageStore } from '../store.js';
import { SqliteMessages } from './message-store.js';

/** Options of {@link sqliteMessages}. */
export interface SqliteMessagesOptions {
  /**
   * Path of the database, from the working directory. It is made if it is not there; its directory is not. Two files
   * stand beside it while it is open, which end in `-wal` and `-shm`. Processes of one machine may share it; a network
   * file system may not hold it.
   */
  file: string;
  /**
   * What a recorded message survives. With `'full'`, a power failure too: recording waits for the disk, from 0.25 to
   * 1 ms on an SSD, in which this process does nothing else. Calls of one tick share the wait. With `'normal'`, the end
   * of the process in any way, but a power failure may take the last messages: recording takes from 0.1 to 0.15 ms.
   * @default 'full'
   */
  synchronous?: 'full' | 'normal' | undefined;
  /**
   * How long a call tries again while another process has the file locked, in milliseconds. The process does its other
   * work meanwhile.
   * @default 10_000
   */
  lockTimeout?: number | undefined;
}

/**
 * Keeps recorded messages in a file, by the SQLite of Node. It needs no package and no server: the store to begin
 * with. It makes its tables by itself, beside those of the application if the file has some.
 *
 * The option `transaction` of `send` takes a `DatabaseSync` that has this file open and is in a transaction. Begin it
 * with `BEGIN IMMEDIATE`.
 *
 * Node 22, and older releases of Node 24, print an `ExperimentalWarning` when `node:sqlite` is loaded.
 * `node --disable-warning=ExperimentalWarning` keeps it quiet.
 * @throws ConfigurationError for wrong options; ValidationError for an option that there is not
 * @example
 * PushService.configure({ backend: 'pusher', messages: sqliteMessages({ file: 'push.db' }) });
 */
export function sqliteMessages(options: SqliteMessagesOptions): MessageStore {
  const { file, synchronous = 'full', lockTimeout = DEFAULT_LOCK_TIMEOUT_MS } = options ?? {};
  if (typeof file !== 'string' || file === '' || file.includes('\0'))
    throw new ConfigurationError('sqliteMessages() takes the path of a file: sqliteMessages({ file: "push.db" }).');
  checkOptionNames(options, ['file', 'synchronous', 'lockTimeout'], 'sqliteMessages()');
  if (file === ':memory:')
    throw new ConfigurationError('sqliteMessages() keeps messages in a file. Take memoryMessages() for the memory.');
  if (synchronous !== 'full' && synchronous !== 'normal')
    throw new ConfigurationError(
      `sqliteMessages(): "synchronous" must be 'full' or 'normal', not ${shown(synchronous)}.`,
    );
  if (typeof lockTimeout !== 'number' || !(lockTimeout >= 0) || lockTimeout > LONGEST_LOCK_TIMEOUT_MS)
    throw new ConfigurationError(
      `sqliteMessages(): "lockTimeout" must be a number of milliseconds from 0 to ${LONGEST_LOCK_TIMEOUT_MS}, not ${shown(lockTimeout)}.`,
    );
  return new SqliteMessages({ file: resolve(file), synchronous, lockTimeout });
}

const DEFAULT_LOCK_TIMEOUT_MS = 10_000;
/** An hour: whoever waits longer waits for ever. */
const LONGEST_LOCK_TIMEOUT_MS = 3_600_000;

function shown(value: unknown): string {
  return typeof value === 'object' || typeof value === 'function' ? `a value of type ${typeof value}` : String(value);
}
