import { ValidationError } from '../../core/errors.js';
import { drizzleTransaction, has, kyselyTransaction, type Methods } from '../sql/query-builders.js';
import { type CoreConnection, type Run, resultOf, runOn } from './clients.js';

// Each kind of transaction as what runs a statement.

const takes = 'a connection of "mysql2" after beginTransaction(), or a transaction of Kysely or Drizzle (mysql2)';

/** Flags of the server's answers: "SERVER_STATUS_flags_enum" in the documents of MySQL's protocol. */
const IN_TRANSACTION = 1;
const AUTOCOMMIT = 2;

/** @throws ValidationError for anything but a transaction that this store can record in */
export function transactionOf(value: unknown): Run {
  if (typeof value !== 'object' || value === null) throw refused(`not ${value === null ? 'null' : typeof value}`);
  if (has(value, 'executeQuery')) return ofKysely(value);
  if (has(value, 'execute', 'select', 'insert')) return ofDrizzle(value);
  if (has(value, 'getConnection'))
    throw refused(
      'not a pool, each statement of which may go to another connection: take one with getConnection(), and begin a transaction there',
    );
  if (has(value, 'execute', 'query', 'beginTransaction')) return runOn(coreOf(value));
  throw refused('not this object');
}

/**
 * Does work in a transaction of the application's, of which nothing is undone but this work.
 * @throws ValidationError when the connection is in no transaction
 */
export async function inSavepoint<Answer>(run: Run, work: () => Promise<Answer>): Promise<Answer> {
  const { status } = await run('SAVEPOINT pushrail');
  if (status !== undefined && (status & IN_TRANSACTION) === 0 && (status & AUTOCOMMIT) !== 0)
    throw refused('not a connection without a transaction: call beginTransaction() before');
  try {
    const answer = await work();
    await run('RELEASE SAVEPOINT pushrail');
    return answer;
  } catch (error) {
    // After a deadlock MySQL has undone the whole transaction, and the savepoint with it.
    await run('ROLLBACK TO SAVEPOINT pushrail').catch(() => {});
    throw error;
  }
}

/** The connection with callbacks that one of `mysql2/promise` wraps. */
function coreOf(value: object): CoreConnection {
  const wrapped: unknown = Reflect.get(value, 'connection');
  return (typeof wrapped === 'object' && wrapped !== null && has(wrapped, 'execute', 'query')
    ? wrapped
    : value) as object as CoreConnection;
}

function ofKysely(value: Methods): Run {
  const run = kyselyTransaction(value, refused);
  return async (text, values) => {
    const { rows, numAffectedRows } = await run(text, values);
    return { rows: rows as never[], affected: Number(numAffectedRows ?? 0), status: undefined };
  };
}

function ofDrizzle(value: Methods): Run {
  const run = drizzleTransaction(value, refused);
  return async (text, values) => {
    const [result] = (await run(text, values)) as readonly unknown[];
    return resultOf(result);
  };
}

function refused(what: string): ValidationError {
  return new ValidationError(`transaction: the message store "mysql" takes ${takes}; ${what}.`);
}
