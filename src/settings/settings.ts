import { z } from 'zod';
import type { CircuitOptions } from '../backends/composite/options.js';
import type { ConsoleOptions } from '../backends/console/index.js';
import { type AnyBackend, PushServiceWrapper, type PushServiceWrapperClass } from '../backends/contract/wrapper.js';
import type { OneSignalOptions } from '../backends/onesignal/options.js';
import type { PubNubOptions } from '../backends/pubnub/options.js';
import type { PusherOptions } from '../backends/pusher/options.js';
import { backendNames, compositeNames } from '../backends/registry.js';
import { MAX_TIMEOUT_MS } from '../core/durations.js';
import { ConfigurationError } from '../core/errors.js';
import type { Logger } from '../core/logger.js';
import { nearest, settingsCheck } from '../core/schema-check.js';
import type { WebSocketOptions } from '../server/options.js';
import type { SessionAdapter } from '../sessions/adapter.js';
import { parseDsn } from './dsn.js';

/** What the service itself reads, whatever the backend. */
export interface ServiceSettings {
  /** Where users' channels are looked up. @default the backend's own, as a rule `memorySessions()` */
  sessions?: SessionAdapter<never> | undefined;
  /** Deadline of one attempt, with the answer's body, in milliseconds. @default 10 000 */
  timeout?: number | undefined;
  /** Further attempts after the first. @default 3 */
  retries?: number | undefined;
  /** Requests in flight at once. @default 10 */
  concurrency?: number | undefined;
  /** @default silent, except for warnings and errors, which go to stderr */
  logger?: Logger | undefined;
}

/** The credentials that backends share; which of them it needs is the backend's to say. */
export interface Credentials {
  appId?: string | undefined;
  /** The public key. */
  pubKey?: string | undefined;
  /** The subscribe key (PubNub). */
  subKey?: string | undefined;
  secretKey?: string | undefined;
  /** Whether to talk to the provider over TLS. @default true */
  useSsl?: boolean | undefined;
}

/** One `backend` with the options that belong to it. */
type BackendChoice =
  | { backend: 'console'; options?: ConsoleOptions | undefined }
  | { backend: 'websocket'; options?: WebSocketOptions | undefined }
  | { backend: 'pusher'; options?: PusherOptions | undefined }
  | { backend: 'pubnub'; options?: PubNubOptions | undefined }
  | { backend: 'onesignal'; options?: OneSignalOptions | undefined }
  | { backend: 'failover' | 'roundrobin' | 'fanout'; options: CompositeSettings }
  | { backend: PushServiceWrapperClass | `${string}#${string}`; options?: object | undefined }
  | { backend: AnyBackend };

/** One of the backends that another one is made of: its settings, a DSN, or an instance. */
export type ChildSettings = (Credentials & BackendChoice) | AnyBackend | string;

/** Options of `failover`, `roundrobin` and `fanout` as `PUSH_SERVER` takes them. */
export interface CompositeSettings extends CircuitOptions {
  /** Two or more, in order. What the service itself reads, such as `timeout`, is set once for all of them. */
  backends: readonly ChildSettings[];
}

/** `PUSH_SERVER`: everything that configures a push service. */
export type PushServerSettings = ServiceSettings & Credentials & BackendChoice;

/** Settings that have been checked; the backend is not built yet. */
export interface CheckedSettings extends ServiceSettings, Credentials {
  backend: string | PushServiceWrapperClass | AnyBackend;
  options?: object | undefined;
}

function method(name: string): (value: object) => boolean {
  return (value) => name in value && typeof (value as Record<string, unknown>)[name] === 'function';
}

function suggestion(input: unknown): string {
  const guess = typeof input === 'string' ? nearest(input, backendNames) : undefined;
  return guess === undefined ? '' : ` (did you mean "${guess}"?)`;
}

/** What the SDKs call a key of `PUSH_SERVER`. */
const namesElsewhere: Readonly<Record<string, readonly string[]>> = {
  pubKey: ['key', 'publishKey'],
  subKey: ['subscribeKey'],
  secretKey: ['secret', 'restKey', 'apiKey', 'restApiKey'],
  useSsl: ['useTLS', 'ssl', 'tls'],
};

/** Options of backends that are easily put beside them. */
const optionNames = ['cluster', 'host', 'port', 'encryptionMasterKeyBase64', 'origin', 'userId', 'apiRoot', 'backends'];

/** What to do about keys that are no keys of `PUSH_SERVER`, for those who come from an SDK. */
function keyAdvice(): ReadonlyMap<string, string> {
  const renamed = Object.entries(namesElsewhere).flatMap(([key, names]) =>
    names.map((name) => [name, `did you mean "${key}"?`] as const),
  );
  return new Map([...renamed, ...optionNames.map((name) => [name, 'put it into "options"'] as const)]);
}

/**
 * Holds settings against the schema of {@link PushServerSettings}, and those of the backends that it is made of; each backend
 * checks its own `options`.
 * @throws ConfigurationError naming each key that is wrong
 */
export function checkPushServer(settings: unknown): CheckedSettings {
  const checked = checkForm(settings);
  return isComposite(checked) ? withChildren(checked, 'PUSH_SERVER') : checked;
}

const checkForm: (settings: unknown) => CheckedSettings = settingsCheck('PUSH_SERVER', buildSchema, [], keyAdvice());

function isComposite({ backend }: CheckedSettings): boolean {
  return typeof backend === 'string' && compositeNames.includes(backend);
}

/** @param what names the settings in an error */
function withChildren(settings: CheckedSettings, what: string): CheckedSettings {
  const { options } = settings;
  if (options === undefined || !('backends' in options) || !Array.isArray(options.backends)) return settings;
  const backends = options.backends.map((child: unknown, index) =>
    checkChild(child, `${what}.options.backends[${index}]`),
  );
  return { ...settings, options: { ...options, backends } };
}

const serviceKeys = ['sessions', 'timeout', 'retries', 'concurrency', 'logger'] as const;

function checkChild(child: unknown, what: string): unknown {
  if (PushServiceWrapper.isWrapper(child)) return child;
  const settings: unknown = typeof child === 'string' ? parseDsn(child, what) : child;
  const key = serviceKeys.find(
    (name) => typeof settings === 'object' && settings !== null && Reflect.get(settings, name) !== undefined,
  );
  if (key !== undefined) {
    throw new ConfigurationError(
      `${what}: "${key}" cannot be set for one of several backends: set it once for all of them, beside the outermost "backend".`,
    );
  }
  const checked = settingsCheck(what, buildSchema, [], keyAdvice())(settings);
  return isComposite(checked) ? withChildren(checked, what) : checked;
}

function buildSchema() {
  const sessions = z
    .custom<SessionAdapter<never>>(
      (value) => typeof value === 'object' && value !== null && method('channelsFor')(value),
      {
        error: 'must be a session adapter, such as memorySessions()',
      },
    )
    .optional();

  const logger = z
    .custom<Logger>(
      (value) =>
        typeof value === 'object' &&
        value !== null &&
        ['debug', 'info', 'warn', 'error'].every((name) => method(name)(value)),
      { error: 'must have the methods debug, info, warn and error' },
    )
    .optional();

  const backend = z.custom<CheckedSettings['backend']>(
    (value) =>
      (typeof value === 'string' && (backendNames.includes(value) || /.#./.test(value))) ||
      PushServiceWrapper.isWrapper(value) ||
      PushServiceWrapper.isWrapperClass(value),
    {
      error: ({ input }) =>
        `must be ${backendNames.map((name) => `"${name}"`).join(', ')}, a subclass of PushServiceWrapper, an instance of one, or "module#Export"${suggestion(input)}`,
    },
  );

  const credential = z.string().min(1, 'must not be empty').optional();

  // zod drops this key, where every other one goes to the backend, which refuses what it does not know.
  const options = z
    .unknown()
    .refine(
      (value) => typeof value !== 'object' || value === null || !Object.hasOwn(value, '__proto__'),
      'must not have the key "__proto__"',
    )
    .pipe(z.looseObject({}))
    .optional();

  return z.strictObject({
    backend,
    appId: credential,
    pubKey: credential,
    subKey: credential,
    secretKey: credential,
    useSsl: z.boolean().optional(),
    options,
    sessions,
    timeout: z.number().int().min(1).max(MAX_TIMEOUT_MS).optional(),
    retries: z.number().int().min(0).max(100).optional(),
    concurrency: z.number().int().min(1).max(10_000).optional(),
    logger,
  });
}
