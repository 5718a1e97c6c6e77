import { checkOptionNames } from '../../core/call-options.js';
import { Deadline } from '../../core/deadline.js';
import { checkTimeout } from '../../core/durations.js';
import { ConfigurationError } from '../../core/errors.js';
import { loadPeer } from '../../core/peer.js';
import { withoutSecrets } from '../../core/redaction.js';
import { checkAddress, secretsIn } from '../sql/address.js';
import type { Migration } from '../sql/migrations.js';
import type { PoolOwner } from '../sql/pooled-database.js';
import type { CoreConnection, CorePool, MysqlPoolLike } from './clients.js';
import { Database } from './database.js';
import type { MysqlMessagesOptions } from './options.js';
import { MysqlMessages } from './store.js';

interface OwnConnection extends CoreConnection {
  readonly stream: { ref?(): void; unref?(): void };
  destroy(): void;
}

interface OwnPool extends CorePool {
  on(event: 'connection' | 'acquire' | 'release', listener: (connection: OwnConnection) => void): unknown;
}

interface MysqlModule {
  createPool(options: object): OwnPool;
}

/** @param steps the steps of the schema */
export function mysqlStore(
  database: MysqlPoolLike | string,
  options: MysqlMessagesOptions,
  steps: readonly Migration[],
): MysqlMessages {
  const { migrate = true, timeout = 10_000 } = options;
  checkOptionNames(options, ['migrate', 'timeout'], 'mysqlMessages()');
  checkTimeout(timeout);
  const isAddress = typeof database === 'string';
  const owner = isAddress ? ownPool(database, timeout) : givenPool(database);
  const secrets = isAddress ? secretsIn(database) : new Set<string>();
  const redact = (text: string): string => withoutSecrets(text, secrets);
  return new MysqlMessages({
    database: new Database({ timeout, isReadCommitted: isAddress, redact }, owner),
    migrations: steps,
    migratesAtOpen: migrate,
  });
}

const takes =
  'mysqlMessages() takes a pool of the package "mysql2" or an address: mysqlMessages(createPool({ … })), or "mysql://user:password@host/database"';

function givenPool(value: unknown): PoolOwner<CorePool> {
  const isPool =
    typeof value === 'object' && value !== null && 'getConnection' in value && 'execute' in value && 'end' in value;
  if (!isPool) throw new ConfigurationError(`${takes}.`);
  // That of `mysql2/promise` is around one with callbacks.
  const wrapped: unknown = Reflect.get(value, 'pool');
  const core = typeof wrapped === 'object' && wrapped !== null && 'getConnection' in wrapped ? wrapped : value;
  return { make: () => core as object as CorePool, end: async () => {} };
}

function ownPool(address: string, timeout: number): PoolOwner<CorePool> {
  checkAddress(address.toLowerCase(), ['mysql:', 'mariadb:'], takes);
  const uri = address.replace(/^mariadb:/i, 'mysql:');
  return {
    make: () => makePool(uri, timeout),
    // Connections that do not answer end with the process.
    end: async (pool) => void (await new Deadline(timeout).isMetBy(ended(pool))),
  };
}

function makePool(uri: string, timeout: number): CorePool {
  const { createPool } = loadPeer<MysqlModule>(
    'mysql2',
    'mysqlMessages() with an address',
    undefined,
    '. In a bundle, pass a pool: mysqlMessages(createPool({ uri })).',
  );
  const pool = createPool({ uri, connectTimeout: timeout, enableKeepAlive: true });
  pool.on('connection', (connection) => {
    const sql = 'SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED';
    const statement = { sql, rowsAsArray: false, nestTables: false, typeCast: true, namedPlaceholders: false } as const;
    connection.query(statement, (error) => void (error && connection.destroy()));
  });
  // A connection that nobody uses does not keep the process.
  pool.on('acquire', ({ stream }) => stream.ref?.());
  pool.on('release', ({ stream }) => stream.unref?.());
  return pool;
}

function ended(pool: CorePool): Promise<void> {
  return new Promise((resolve) => pool.end(() => resolve()));
}
