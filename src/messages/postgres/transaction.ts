import { ValidationError } from '../../core/errors.js';
import { drizzleTransaction, has, kyselyTransaction, type Methods } from '../sql/query-builders.js';
import type { PostgresStatement, QueryableLike } from './clients.js';

// Each kind of transaction as what runs a statement.

const takes =
  'a client of "pg" after BEGIN, or a transaction of Kysely, Drizzle (node-postgres) or Prisma (interactive)';

/** @throws ValidationError for anything but a transaction that this store can record in */
export function transactionOf(value: unknown): QueryableLike {
  if (typeof value !== 'object' || value === null) throw refused(`not ${value === null ? 'null' : typeof value}`);
  if (has(value, '$queryRawUnsafe')) return ofPrisma(value);
  if (has(value, 'executeQuery')) return ofKysely(value);
  if (has(value, 'execute', 'select', 'insert')) return ofDrizzle(value);
  if (has(value, 'query')) return ofPg(value);
  throw refused('not this object');
}

function ofPg(value: Methods): QueryableLike {
  if ('totalCount' in value) {
    throw refused(
      'not a pool, each statement of which may go to another connection: take a client of it with connect(), and begin a transaction there',
    );
  }
  // Since pg 8.17.
  const status = has(value, 'getTransactionStatus') ? value['getTransactionStatus']?.() : undefined;
  if (status === 'I') throw refused('not a client without a transaction: call client.query("BEGIN") before');
  return value as object as QueryableLike;
}

function ofKysely(value: Methods): QueryableLike {
  const run = kyselyTransaction(value, refused);
  return { query: ({ text, values }) => run(text, values) };
}

function ofDrizzle(value: Methods): QueryableLike {
  const run = drizzleTransaction(value, refused);
  return { query: async ({ text, values }) => (await run(text, values)) as { readonly rows: readonly unknown[] } };
}

function ofPrisma(value: Methods): QueryableLike {
  if (has(value, '$connect'))
    throw refused('not the Prisma client itself: pass what prisma.$transaction(async (tx) => …) hands to its callback');
  const transaction = value as object as {
    $queryRawUnsafe(text: string, ...values: unknown[]): Promise<readonly unknown[]>;
  };
  return {
    query: async ({ text, values = [] }: PostgresStatement) => ({
      rows: await transaction.$queryRawUnsafe(text, ...values),
    }),
  };
}

function refused(what: string): ValidationError {
  return new ValidationError(`transaction: the message store "postgres" takes ${takes}; ${what}.`);
}
