import type { MessageStore } from '../store.js';
import type { PoolLike } from './clients.js';
import type { PostgresMessagesOptions } from './options.js';
import { postgresStore } from './pool.js';
import { migrations } from './schema.js';

export type { PoolClientLike, PoolLike, PostgresStatement, QueryableLike } from './clients.js';
export type { PostgresMessagesOptions } from './options.js';

/**
 * Keeps recorded messages in PostgreSQL 12 or newer, for any number of processes. Leases and times go by the clock of
 * the database. The option `transaction` of `send` takes a client of `pg` after `BEGIN`, and a transaction of Kysely,
 * Drizzle (node-postgres) or Prisma.
 * @param database a `Pool` of the package `pg`, which the application ends; or the address of the database, for a pool
 * that the store makes and closes itself
 * @throws ConfigurationError for anything else, for options that are wrong, and where an address is given and `pg` is
 * not installed
 * @example
 * const push = createPushService({ backend: 'pusher', messages: postgresMessages(new Pool()) });
 */
export function postgresMessages(database: PoolLike | string, options: PostgresMessagesOptions = {}): MessageStore {
  return postgresStore(database, options, migrations);
}
