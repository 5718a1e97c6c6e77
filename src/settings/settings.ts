import { type BackendChoice, type BackendReference, isComposite, type OptionsOf } from '../backends/built-in.js';
import type { Credentials } from '../backends/contract/settings.js';
import { type AnyBackend, PushServiceWrapper, type PushServiceWrapperClass } from '../backends/contract/wrapper.js';
import type { Clock } from '../core/clock.js';
import { ConfigurationError } from '../core/errors.js';
import type { Logger } from '../core/logger.js';
import { settingsCheck } from '../core/schema-check.js';
import type { RecordingSettings, WorkerSettings } from '../messages/settings.js';
import type { MessageStore } from '../messages/store.js';
import type { Queue } from '../queues/queue.js';
import type { SessionAdapter } from '../sessions/adapter.js';
import { parseDsn } from './dsn.js';
import { withDsn } from './read-settings.js';
import { buildPushServerSchema } from './schema.js';

/** Settings of the service itself, the same for every backend. */
export interface ServiceSettings {
  /** Where users' channels are looked up. @default the backend's own, as a rule `memorySessions()` */
  sessions?: SessionAdapter<never> | undefined;
  /**
   * Deadline of one attempt, with the answer's body, in milliseconds. The session adapter, a rule, `authenticate`, the
   * opening of the backend and the handling of a webhook have as long each. @default 10 000
   */
  timeout?: number | undefined;
  /** Further attempts after the first. @default 3 */
  retries?: number | undefined;
  /** Requests in flight at once. @default 10 */
  concurrency?: number | undefined;
  /**
   * Longest time that `close` takes, in milliseconds. Messages that are being sent have the first half of it. What has
   * not ended by then is left behind and logged. @default 25 000
   */
  closeTimeout?: number | undefined;
  /**
   * Signs the tokens of `streamToken`; 16 characters or more. All processes that take a token need the same one.
   * @default the backend's `secretKey`
   */
  streamSecret?: string | undefined;
  /** The event of messages that name none. @default 'push-event' */
  defaultEvent?: string | undefined;
  /**
   * Puts something else in the place of values within `data`, before it becomes JSON: a text for a decimal number, a
   * list for a `Set`. It is called for `data` as a whole, with the key `''`, and then for each value within what it
   * returned; a place in a list is its key. A Date comes as a Date. MUST be pure.
   * @default data goes as it is; what JSON would lose is refused
   * @example
   * PushService.configure({ encode: (value) => (value instanceof Decimal ? value.toString() : value) });
   */
  encode?: ((value: unknown, key: string) => unknown) | undefined;
  /**
   * The message store: messages are recorded in it, and sent from it when they have to be sent later or again. A store,
   * or a text such as `'sqlite:push.db'`, `'postgres://…'` or `'mysql://…'`. `false`: none, whatever the environment
   * says.
   * @default PUSH_MESSAGES of the environment, else none
   */
  messages?: MessageStore | string | false | undefined;
  /**
   * Hands out what waits in the store, in place of workers that ask the store: such as `bullmqQueue(queue)`. One queue
   * for each service. It needs `messages`. @default none
   */
  queue?: Queue | undefined;
  /** The name of the service: several services may share a message store. @default 'default' */
  name?: string | undefined;
  /** How recorded messages are kept and tried again. */
  recording?: RecordingSettings | undefined;
  /** How this process sends what waits in the store; `false` leaves it to others. @default it does */
  worker?: WorkerSettings | boolean | undefined;
  /** The clock by which messages wait, for tests. @default the system's */
  clock?: Clock | undefined;
  /** @default silent, except for warnings and errors, which go to stderr */
  logger?: Logger | undefined;
}

/**
 * `PUSH_SERVER`: everything that configures a push service. Without `backend`, the environment names it; then these
 * settings go before those of its DSN, and `options` are joined key by key.
 */
export type PushServerSettings = ServiceSettings &
  Credentials &
  (BackendChoice | Pick<SettingsWithoutBackend, 'backend' | 'options'>);

/** `PUSH_SERVER` whose backend the environment names. */
export type SettingsWithoutBackend = ServiceSettings &
  Credentials & { backend?: undefined; options?: object | undefined };

/**
 * Settings whose type does not tell the backend, such as a variable of the type {@link PushServerSettings}, or a copy
 * of one with more keys, or a DSN. Of literal settings, whose `options` are held to the backend, it makes nothing.
 */
export type SettingsOfAny<Settings> = MayHaveAnyBackend<Exclude<Settings, string>> extends true ? Settings : never;

type MayHaveAnyBackend<Settings> = [Settings] extends [never]
  ? true
  : 'backend' extends keyof Settings
    ? PushServiceWrapperClass extends Settings['backend']
      ? true
      : false
    : false;

/** What goes with a DSN, and before it: all settings but the backend's name. */
export type SettingsBesideDsn = ServiceSettings & Credentials & { options?: object | undefined };

/** `PUSH_SERVER` for one value of `backend`, with the options that belong to it. */
export type SettingsOf<Reference extends BackendReference> = ServiceSettings &
  Credentials & { backend: Reference; options?: OptionsOf<Reference> | undefined };

/** Settings that have been checked. The backend is not built yet. */
export interface CheckedSettings extends ServiceSettings, Credentials {
  backend: string | PushServiceWrapperClass | AnyBackend;
  options?: object | undefined;
}

/**
 * Checks `PUSH_SERVER`, and the settings of every backend within a composite. The `options` of a backend are checked
 * when it is built.
 * @throws ConfigurationError naming each key that is wrong
 */
export function checkPushServer(settings: unknown): CheckedSettings {
  const checked = checkForm(settings);
  return isComposite(checked.backend) ? withChildren(checked, 'PUSH_SERVER') : checked;
}

const checkForm: (settings: unknown) => CheckedSettings = settingsCheck(
  'PUSH_SERVER',
  buildPushServerSchema,
  keyAdvice(),
);

/** @param what names the settings in an error */
function withChildren(settings: CheckedSettings, what: string): CheckedSettings {
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
  const settings = typeof child === 'string' ? parseDsn(child, what) : withDsn(child, `${what}.backend`);
  const key = serviceKeys.find(
    (name) => typeof settings === 'object' && settings !== null && Reflect.get(settings, name) !== undefined,
  );
  if (key !== undefined) {
    throw new ConfigurationError(
      `${what}: "${key}" cannot be set for one of several backends: set it once for all of them, beside the outermost "backend".`,
    );
  }
  const checked = settingsCheck(what, buildPushServerSchema, keyAdvice())(settings);
  return isComposite(checked.backend) ? withChildren(checked, what) : checked;
}

/** Advice for unknown keys that users of an SDK are likely to try. */
function keyAdvice(): ReadonlyMap<string, string> {
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
  return new Map([...renamed, ...optionNames.map((name) => [name, 'put it into "options"'] as const)]);
}
