import type { MessageStore } from 'pushrail';
import { mysqlMessages } from 'pushrail/messages/mysql';
import { postgresMessages } from 'pushrail/messages/postgres';
import { server as mysql, withMysql } from '../support/mysql.js';
import { server as postgres, withPostgres } from '../support/postgres.js';

/** A database that several machines may share. */
export interface SharedDatabase {
  readonly name: 'PostgreSQL' | 'MySQL';
  /** The port of its server. */
  readonly port: number;
  /** Its address, through another port if one is given. */
  url(port?: number): string;
  /** Makes a store on a pool of its own, which ends with the file. */
  store(): MessageStore;
}

/** Makes a database of each kind before the tests of a file, and drops them behind them. */
export function sharedDatabases(): readonly SharedDatabase[] {
  const [inPostgres, inMysql] = [withPostgres(), withMysql()];
  return [
    {
      name: 'PostgreSQL',
      port: postgres.port,
      url: (port) => inPostgres.url(port),
      store: () => postgresMessages(inPostgres.pool()),
    },
    { name: 'MySQL', port: mysql.port, url: (port) => inMysql.url(port), store: () => mysqlMessages(inMysql.pool()) },
  ];
}

/** Makes a store of an address. */
export function storeAt(address: string): MessageStore {
  return address.startsWith('mysql:') ? mysqlMessages(address) : postgresMessages(address);
}
