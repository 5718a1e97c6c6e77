import { checkOptionNames } from '../../core/call-options.js';
import { Deadline } from '../../core/deadline.js';
import { checkTimeout } from '../../core/durations.js';
import { ConfigurationError } from '../../core/errors.js';
import { loadPeer } from '../../core/peer.js';
import { withoutSecrets } from '../../core/redaction.js';
import { checkAddress, secretsIn } from '../sql/address.js';
import type { Migration } from '../sql/migrations.js';
import type { PoolOwner } from '../sql/pooled-database.js';
import type { PoolLike } from './clients.js';
import { Database } from './database.js';
import type { PostgresMessagesOptions } from './options.js';
import { PostgresMessages } from './store.js';

interface EndablePool extends PoolLike {
  end(): Promise<void>;
  on(event: 'error', listener: () => void): unknown;
}

interface PgModule {
  readonly Pool: new (options: object) => EndablePool;
}

const optionNames = ['schema', 'migrate', 'notify', 'timeout', 'prepare'];

/** @param steps the steps of the schema */
export function postgresStore(
  database: PoolLike | string,
  options: PostgresMessagesOptions,
  steps: readonly Migration[],
): PostgresMessages {
  const { schema, migrate = true, notify = false, timeout = 10_000, prepare = true } = options;
  checkOptionNames(options, optionNames, 'postgresMessages()');
  checkTimeout(timeout);
  if (schema !== undefined && !/^[\p{L}_][\p{L}\p{N}_$]{0,62}$/u.test(schema))
    throw new ConfigurationError('postgresMessages(): "schema" must be the name of a schema, such as "push".');
  const isAddress = typeof database === 'string';
  const owner = isAddress ? ownPool(database, timeout) : givenPool(database);
  const secrets = isAddress ? secretsIn(database) : new Set<string>();
  const redact = (text: string): string => withoutSecrets(text, secrets);
  return new PostgresMessages({
    database: new Database({ schema, timeout, prepare, redact }, owner),
    migrations: steps,
    migratesAtOpen: migrate,
    notify,
  });
}

const takes =
  'postgresMessages() takes a pool of the package "pg" or an address: postgresMessages(new Pool()), or "postgres://user:password@host/database"';

function givenPool(value: unknown): PoolOwner<PoolLike> {
  const isPool =
    typeof value === 'object' && value !== null && 'connect' in value && 'totalCount' in value && 'query' in value;
  if (!isPool) throw new ConfigurationError(`${takes}.`);
  return { make: () => value as object as PoolLike, end: async () => {} };
}

function ownPool(address: string, timeout: number): PoolOwner<PoolLike> {
  checkAddress(address, ['postgres:', 'postgresql:'], takes);
  return {
    make: () => makePool(address, timeout),
    // Connections that do not answer end with the process.
    end: async (pool) => void (await new Deadline(timeout).isMetBy((pool as EndablePool).end())),
  };
}

function makePool(connectionString: string, timeout: number): EndablePool {
  const { Pool } = loadPeer<PgModule>(
    'pg',
    'postgresMessages() with an address',
    undefined,
    '. In a bundle, pass a pool: postgresMessages(new Pool({ connectionString })).',
  );
  const pool = new Pool({
    connectionString,
    connectionTimeoutMillis: timeout,
    keepAlive: true,
    allowExitOnIdle: true,
    application_name: 'pushrail',
  });
  // A connection that is lost while nobody uses it is replaced by the next call.
  pool.on('error', () => {});
  return pool;
}
