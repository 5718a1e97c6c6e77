import { isComposite } from '../backends/built-in.js';
import type { Credentials } from '../backends/contract/settings.js';
import { type AnyBackend, PushServiceWrapper, type PushServiceWrapperClass } from '../backends/contract/wrapper.js';
import { ConfigurationError } from '../core/errors.js';
import { settingsCheck } from '../core/schema-check.js';
import type { SessionAdapter } from '../sessions/adapter.js';
import { parseDsn } from './dsn.js';
import { withDsn } from './read-settings.js';
import { buildEntrySchema, buildPushServerSchema } from './schema.js';

/** Settings of one backend that have been checked. */
interface CheckedBackendSettings extends Credentials {
  backend: string | PushServiceWrapperClass | AnyBackend;
  options?: object | undefined;
}

/** One backend of a service. */
export interface CheckedBackend {
  /** Its key in the setting `backends`. */
  readonly name: string | undefined;
  readonly settings: CheckedBackendSettings;
  /** Its own sessions. */
  readonly sessions?: SessionAdapter<never> | undefined;
}

/** Checks the backends within a composite. @param what names the settings in an error */
export function withChildren<Settings extends { options?: object | undefined }>(
  settings: Settings,
  what: string,
): Settings {
  const { options } = settings;
  if (options === undefined || !('backends' in options) || !Array.isArray(options.backends)) return settings;
  const backends = options.backends.map((child: unknown, index) =>
    checkChild(child, `${what}.options.backends[${index}]`),
  );
  return { ...settings, options: { ...options, backends } };
}

const serviceKeys = [
  'sessions',
  'timeout',
  'retries',
  'concurrency',
  'closeTimeout',
  'streamSecret',
  'defaultEvent',
  'encode',
  'messages',
  'queue',
  'name',
  'recording',
  'worker',
  'clock',
  'logger',
] as const;

function checkChild(child: unknown, what: string): unknown {
  if (PushServiceWrapper.isWrapper(child)) return child;
  const settings = settingsOfOne(child, what, serviceKeys, 'the outermost "backend"');
  const checked = settingsCheck(what, buildPushServerSchema, keyAdvice())(settings);
  return isComposite(checked.backend) ? withChildren(checked, what) : checked;
}

/** Checks an entry of the setting `backends`. @throws ConfigurationError */
export function checkedEntry(name: string, entry: unknown): CheckedBackend {
  const what = `PUSH_SERVER.backends.${name}`;
  if (PushServiceWrapper.isWrapper(entry) || PushServiceWrapper.isWrapperClass(entry))
    return { name, settings: { backend: entry } };
  const notItsOwn = serviceKeys.filter((key) => key !== 'sessions');
  const form = settingsCheck(what, buildEntrySchema, keyAdvice());
  const { sessions, ...checked } = form(settingsOfOne(entry, what, notItsOwn, '"backends"'));
  return { name, settings: isComposite(checked.backend) ? withChildren(checked, what) : checked, sessions };
}

/**
 * The settings of one of several backends, or its DSN.
 * @param notItsOwn the keys that belong to the service
 * @param place what they stand beside
 */
function settingsOfOne(given: unknown, what: string, notItsOwn: readonly string[], place: string): unknown {
  const settings = typeof given === 'string' ? parseDsn(given, what) : withDsn(given, `${what}.backend`);
  const key = notItsOwn.find(
    (name) => typeof settings === 'object' && settings !== null && Reflect.get(settings, name) !== undefined,
  );
  if (key === undefined) return settings;
  throw new ConfigurationError(
    `${what}: "${key}" cannot be set for one of several backends: set it once for all of them, beside ${place}.`,
  );
}

/** Advice for unknown keys that users of an SDK are likely to try. */
export function keyAdvice(): ReadonlyMap<string, string> {
  // The SDKs' names for a key of PUSH_SERVER.
  const namesElsewhere = {
    pubKey: ['key', 'publishKey'],
    subKey: ['subscribeKey'],
    secretKey: ['secret', 'restKey', 'apiKey', 'restApiKey'],
    useSsl: ['useTLS', 'ssl', 'tls'],
  };
  // Options that are easily written beside "options".
  const optionNames = [
    'cluster',
    'host',
    'port',
    'encryptionMasterKeyBase64',
    'origin',
    'userId',
    'apiRoot',
    'backends',
  ];
  const renamed = Object.entries(namesElsewhere).flatMap(([key, names]) =>
    names.map((name) => [name, `did you mean "${key}"?`] as const),
  );
  const inOptions = optionNames.map((name) => [name, 'put it into "options"'] as const);
  return new Map([...renamed, ...inOptions, ['routes', 'it goes with "backends"']]);
}
