import { ValidationError } from '../../core/errors.js';
import type { PostgresStatement, QueryableLike } from './clients.js';

// Each kind of transaction as what runs a statement. They are told apart by what they can do, so that none of their
// packages is loaded here.

type Methods = Readonly<Record<string, (...values: never[]) => unknown>>;

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
  if ((value as object as { readonly isTransaction?: unknown }).isTransaction !== true)
    throw refused('not the Kysely instance itself: pass what db.transaction().execute() hands to its callback');
  const transaction = value as object as {
    executeQuery(query: object): Promise<{ readonly rows: readonly unknown[] }>;
  };
  return {
    query: ({ text, values = [] }) =>
      transaction.executeQuery({
        sql: text,
        parameters: values,
        query: { kind: 'RawNode', sqlFragments: [text], parameters: [] },
        queryId: { queryId: 'pushrail' },
      }),
  };
}

function ofDrizzle(value: Methods): QueryableLike {
  if (!has(value, 'rollback'))
    throw refused('not the Drizzle database itself: pass what db.transaction() hands to its callback');
  const transaction = value as object as { execute(query: object): Promise<{ readonly rows: readonly unknown[] }> };
  return {
    async query({ text, values = [] }) {
      // What Drizzle asks of an SQL object.
      const sql = { getSQL: () => sql, toQuery: () => ({ sql: text, params: values }) };
      // Not a promise: it runs the statement once more for each `then`.
      return await transaction.execute(sql);
    },
  };
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

function has(value: object, ...methods: readonly string[]): value is Methods {
  return methods.every((method) => typeof Reflect.get(value, method) === 'function');
}

function refused(what: string): ValidationError {
  return new ValidationError(`transaction: the message store "postgres" takes ${takes}; ${what}.`);
}
