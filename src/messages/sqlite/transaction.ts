import { DatabaseSync } from 'node:sqlite';
import { ValidationError } from '../../core/errors.js';
import { identityOf } from './connection.js';
import { prepare } from './prepared.js';

/**
 * Checks the option `transaction`.
 * @throws ValidationError for anything but a connection to the file, in a transaction
 */
export function checkedTransaction(transaction: unknown, file: string): DatabaseSync {
  const remedy = `sqliteMessages() records in a DatabaseSync of "node:sqlite" that has ${file} open, in which you have said BEGIN IMMEDIATE.`;
  if (!(transaction instanceof DatabaseSync))
    throw new ValidationError(`transaction: this is none that the message store can record in. ${remedy}`);
  const wrong = mistakeIn(transaction, file);
  if (wrong !== undefined) throw new ValidationError(`transaction: ${wrong}. ${remedy}`);
  return transaction;
}

function mistakeIn(database: DatabaseSync, file: string): string | undefined {
  try {
    // A file that is attached to another one does not count: with a log ahead, SQLite commits each of them apart.
    const main = prepare(database, `SELECT file FROM pragma_database_list WHERE name = 'main'`).get();
    const identity = identityOf(String(main?.['file']));
    if (identity === undefined || identity !== identityOf(file)) return 'this connection has another file open';
    return isInTransaction(database) ? undefined : 'this connection is in no transaction';
  } catch {
    return 'this connection is closed';
  }
}

/** Node tells it since 22.16. SQLite has always refused a second BEGIN, which leaves the first one as it is. */
function isInTransaction(database: DatabaseSync): boolean {
  try {
    database.exec('BEGIN');
  } catch {
    return true;
  }
  database.exec('ROLLBACK');
  return false;
}
