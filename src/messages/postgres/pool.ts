import { checkOptionNames } from '../../core/call-options.js';
import { Deadline } from '../../core/deadline.js';
import { checkTimeout } from '../../core/durations.js';
import { ConfigurationError } from '../../core/errors.js';
import { loadPeer } from '../../core/peer.js';
import { secretsOf, withoutSecrets } from '../../core/redaction.js';
import type { Migration } from '../sql/migrations.js';
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
  const address = typeof database === 'string' ? checkedAddress(database) : undefined;
  const secrets = address === undefined ? new Set<string>() : secretsIn(address);
  const connection = { schema, timeout, prepare, redact: (text: string) => withoutSecrets(text, secrets) };
  return new PostgresMessages({
    database:
      address === undefined
        ? new Database(connection, givenPool(database), async () => {})
        : new Database(
            connection,
            () => ownPool(address, timeout),
            // Connections that do not answer end with the process.
            async (pool) => void (await new Deadline(timeout).isMetBy((pool as EndablePool).end())),
          ),
    migrations: steps,
    migratesAtOpen: migrate,
    notify,
  });
}

const takes =
  'postgresMessages() takes a pool of the package "pg" or an address: postgresMessages(new Pool()), or "postgres://user:password@host/database"';

function givenPool(value: unknown): () => PoolLike {
  const isPool =
    typeof value === 'object' && value !== null && 'connect' in value && 'totalCount' in value && 'query' in value;
  if (!isPool) throw new ConfigurationError(`${takes}.`);
  return () => value as object as PoolLike;
}

function ownPool(connectionString: string, timeout: number): EndablePool {
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

/** @throws ConfigurationError for anything but an address. It never shows the text, which may hold a password */
function checkedAddress(address: string): string {
  if (/^postgres(?:ql)?:\/\//.test(address) && URL.canParse(address)) return address;
  throw new ConfigurationError(`${takes}; within a password, write @ as %40, / as %2F and : as %3A.`);
}

function secretsIn(address: string): ReadonlySet<string> {
  const password = new URL(address).searchParams.get('password') ?? undefined;
  return secretsOf({ address, password });
}
