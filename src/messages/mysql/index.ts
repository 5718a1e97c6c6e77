import type { MessageStore } from '../store.js';
import type { MysqlPoolLike } from './clients.js';
import type { MysqlMessagesOptions } from './options.js';
import { mysqlStore } from './pool.js';
import { migrations } from './schema.js';

export type { MysqlPoolLike } from './clients.js';
export type { MysqlMessagesOptions } from './options.js';

/**
 * Keeps recorded messages in MySQL 8.0.17 or newer, or in MariaDB 10.6 or newer, for any number of processes. Leases
 * and times go by the clock of the database. The option `transaction` of `send` takes a connection of `mysql2` after
 * `beginTransaction()`, and a transaction of Kysely or Drizzle.
 * @param database a pool of the package `mysql2` or `mysql2/promise`, which the application ends; or the address of the
 * database, for a pool that the store makes and closes itself
 * @throws ConfigurationError for anything else, for options that are wrong, and where an address is given and `mysql2`
 * is not installed
 * @example
 * const pool = createPool('mysql://shop@localhost/shop');
 * const push = createPushService({ backend: 'pusher', messages: mysqlMessages(pool) });
 */
export function mysqlMessages(database: MysqlPoolLike | string, options: MysqlMessagesOptions = {}): MessageStore {
  return mysqlStore(database, options, migrations);
}
