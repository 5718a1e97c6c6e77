import { ConfigurationError } from '../core/errors.js';
import { isRecord } from '../wire/is-record.js';
import { isDsn, parseDsn } from './dsn.js';
import { type EnvironmentSettings, settingsFromEnvironment } from './environment.js';
import { isStoreText, STORE_TEXTS } from './recording-schema.js';

/** What the settings come to. They are not checked yet. */
export interface ReadSettings extends Omit<EnvironmentSettings, 'settings'> {
  readonly settings: unknown;
  /** Whether this process may send what waits in a message store: `PUSH_WORKER` does not forbid it. */
  readonly works: boolean;
}

type ReadBackend = Omit<ReadSettings, 'works'>;

/**
 * Puts the settings together. A DSN, in place of them or as their `backend`, and the environment where they name no
 * backend, say what the code leaves open.
 * @param settings an object, or a DSN
 * @param beside what a DSN does not say, such as `sessions`
 * @throws ConfigurationError for a DSN or a variable of the environment that cannot be read, and when nothing names a
 * backend in production
 */
export function readSettings(settings: unknown, beside: unknown, environment: NodeJS.ProcessEnv): ReadSettings {
  const read = readBackend(settings, beside, environment);
  const messages = environment['PUSH_MESSAGES']?.trim() ?? '';
  if (messages !== '' && !isStoreText(messages)) throw new ConfigurationError(`PUSH_MESSAGES must be ${STORE_TEXTS}.`);
  const works = mayWork(environment['PUSH_WORKER']);
  return { ...read, works, settings: messages === '' ? read.settings : joined({ messages }, read.settings) };
}

/** @throws ConfigurationError for a text that says neither */
function mayWork(text = ''): boolean {
  switch (text.trim().toLowerCase()) {
    case '':
    case 'true':
      return true;
    case 'false':
      return false;
    default:
      throw new ConfigurationError(
        'PUSH_WORKER must be "false", for a process that leaves what waits in the message store to others, or "true".',
      );
  }
}

function readBackend(settings: unknown, beside: unknown, environment: NodeJS.ProcessEnv): ReadBackend {
  if (typeof settings === 'string') return inCode(joined(parseDsn(settings), withoutBackend(beside)));
  if (beside !== undefined) {
    throw new ConfigurationError('PUSH_SERVER: a second argument goes with a DSN. Put all settings into one object.');
  }
  if (!isRecord(settings)) return inCode(settings);
  if (settings['backends'] !== undefined) return inCode(settings);
  if (settings['backend'] !== undefined) return inCode(withDsn(settings, 'PUSH_SERVER.backend'));
  const { settings: found, isFallback } = settingsFromEnvironment(environment);
  return { settings: joined(found, settings), isFallback };
}

/**
 * Reads the DSN in the key `backend`, if there is one. The keys beside it count.
 * @param what names the text in an error
 * @throws ConfigurationError when it cannot be read
 */
export function withDsn(settings: unknown, what: string): unknown {
  if (!isRecord(settings)) return settings;
  const { backend, ...beside } = settings;
  return typeof backend === 'string' && isDsn(backend) ? joined(parseDsn(backend, what), beside) : settings;
}

function inCode(settings: unknown): ReadBackend {
  return { settings, isFallback: false };
}

function withoutBackend(beside: unknown): unknown {
  if (!isRecord(beside) || beside['backend'] === undefined) return beside;
  throw new ConfigurationError('PUSH_SERVER: "backend" cannot be set beside a DSN, which names it already.');
}

/** Joins two objects of settings, and the `options` in them, key by key. */
function joined(base: object, over: unknown): unknown {
  if (over === undefined) return base;
  if (!isRecord(over)) return over;
  const both: Record<string, unknown> = { ...base, ...defined(over) };
  const { options } = base as { options?: unknown };
  if (isRecord(options) && isRecord(over['options'])) both['options'] = { ...options, ...defined(over['options']) };
  return both;
}

/** The keys that say something: `{ port: process.env.PORT }` says nothing where the variable is not set. */
function defined(object: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined));
}
