import { ConfigurationError, PushError, TimeoutError, ValidationError } from '../../core/errors.js';
import { DeliveryError } from '../../core/report.js';

/** SQLite's primary result codes (https://sqlite.org/rescode.html). */
const codes = { busy: 5, readOnly: 8, ioError: 10, corrupt: 11, full: 13, cannotOpen: 14, notSqlite: 26 };
/** A value that is there already, by a table's primary key. */
const CONSTRAINT_PRIMARYKEY = 1555;
/** A transaction that has read before another one wrote: it can write no more. */
const BUSY_SNAPSHOT = 517;

/** SQLite's result code, with its details; undefined for an error that is not SQLite's. */
function codeOf(error: unknown): number | undefined {
  return error instanceof Error && 'errcode' in error && typeof error.errcode === 'number' ? error.errcode : undefined;
}

/** Whether a statement may succeed when whoever holds the lock lets go of it. */
export function isLocked(error: unknown): boolean {
  const code = codeOf(error);
  return code !== undefined && (code & 0xff) === codes.busy && code !== BUSY_SNAPSHOT;
}

/** @param ms how long it was tried */
export function lockedFailure(file: string, ms: number, cause: unknown): PushError {
  return new TimeoutError(
    `sqlite: another process, or another connection, has kept ${file} locked for ${ms} ms. End its transaction, or raise "lockTimeout".`,
    { outcome: 'rejected', cause },
  );
}

/** The file was removed or replaced under the open store. */
export function goneFailure(file: string): PushError {
  const wrong = 'was removed or replaced while it was open, so that what is recorded now would be lost';
  return failed(`${file} ${wrong}. Put it back and start the process anew.`, false);
}

export function closedFailure(file: string): PushError {
  return new ConfigurationError(`sqlite: the store of ${file} is not open. Call open() before anything else.`);
}

/**
 * What a failure of SQLite's means, and what to do about it. Errors of others stay as they are.
 * @param isOpening whether nothing has worked so far, so that the settings are to blame
 */
export function failureOf(error: unknown, file: string, isOpening: boolean): unknown {
  const code = codeOf(error);
  if (code === undefined || PushError.isPushError(error)) return error;
  // No other key is given by the caller.
  if (code === CONSTRAINT_PRIMARYKEY)
    return new ValidationError('sqlite: a message with this id is recorded. Make a new UUID for each message.', {
      cause: error,
    });
  const { words, isSetting, retryable } = meaningOf(code, String((error as Error).message));
  return isOpening && isSetting
    ? new ConfigurationError(`sqlite: ${file} ${words}`, { cause: error })
    : failed(`${file} ${words}`, retryable, error);
}

function meaningOf(
  code: number,
  message: string,
): { readonly words: string; readonly isSetting: boolean; readonly retryable: boolean } {
  if (code === BUSY_SNAPSHOT)
    return {
      words:
        'was written by another process since the transaction has first read it. Begin the transaction with BEGIN IMMEDIATE.',
      isSetting: false,
      retryable: true,
    };
  switch (code & 0xff) {
    case codes.full:
      return { words: 'cannot grow: the disk is full. Make room.', isSetting: false, retryable: true };
    case codes.readOnly:
      return {
        words: 'cannot be written. Let the user of this process write the file and its directory.',
        isSetting: true,
        retryable: false,
      };
    case codes.cannotOpen:
      return {
        words:
          'cannot be opened. It must be a file, or not there yet, and this process must be able to write in its directory.',
        isSetting: true,
        retryable: false,
      };
    case codes.notSqlite:
      return { words: 'is not a database of SQLite. Name another file.', isSetting: true, retryable: false };
    case codes.corrupt:
      return { words: `is damaged (${message}). Restore it from a copy.`, isSetting: true, retryable: false };
    case codes.ioError:
      return { words: `cannot be read or written (${message}). Check its disk.`, isSetting: false, retryable: true };
    default:
      return { words: `failed: ${message}.`, isSetting: false, retryable: false };
  }
}

function failed(words: string, retryable: boolean, cause?: unknown): PushError {
  return new DeliveryError(`sqlite: ${words}`, { outcome: 'rejected', retryable, cause });
}
