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
    if (!isInTransaction(database)) return 'this connection is in no transaction';
    // A file that is attached to another one does not count: with a log ahead, SQLite commits each of them apart.
    const main = prepare(database, `SELECT file FROM pragma_database_list WHERE name = 'main'`).get();
    const identity = identityOf(String(main?.['file']));
    return identity !== undefined && identity === identityOf(file)
      ? undefined
      : 'this connection has another file open';
  } catch {
    return 'this connection is closed';
  }
}

function isInTransaction(database: DatabaseSync): boolean {
  // Node has it since 22.16; before, SQLite tells by refusing a second BEGIN.
  const known = (database as { readonly isTransaction?: boolean }).isTransaction;
  if (known !== undefined) return known;
  database.prepare('SELECT 1').get();
  try {
    database.exec('BEGIN');
  } catch {
    return true;
  }
  database.exec('ROLLBACK');
  return false;
}
