import {
  type BackendChoice,
  type BackendOf,
  type BackendReference,
  isComposite,
  type OptionsOf,
} from '../backends/built-in.js';
import type { Credentials } from '../backends/contract/settings.js';
import type { AnyBackend, PushServiceWrapperClass } from '../backends/contract/wrapper.js';
import type { Clock } from '../core/clock.js';
import { ConfigurationError } from '../core/errors.js';
import type { Logger } from '../core/logger.js';
import { settingsCheck } from '../core/schema-check.js';
import type { Routes, RoutingSettings } from '../delivery/routing.js';
import type { RecordingSettings, WorkerSettings } from '../messages/settings.js';
import type { MessageStore } from '../messages/store.js';
import type { Queue } from '../queues/queue.js';
import type { SessionAdapter } from '../sessions/adapter.js';
import { record } from '../wire/is-record.js';
import { type CheckedBackend, checkedEntry, keyAdvice, withChildren } from './child-settings.js';
import { buildPushServerSchema, buildSeveralSchema } from './schema.js';

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
 * settings go before those of its DSN, and `options` are joined key by key. `backends` names several.
 */
export type PushServerSettings = ServiceSettings &
  Credentials &
  (BackendChoice | Pick<SettingsWithoutBackend, 'backend' | 'options'> | SeveralBackends);

/** One of several backends: its settings, a DSN, a class, or an instance. */
export type BackendEntry = (Credentials & BackendChoice & OwnSessions) | PushServiceWrapperClass | AnyBackend | string;

/** The part of a backend's settings that one of several may have for itself. */
interface OwnSessions {
  /** Where users' channels for this backend are looked up. @default the outer `sessions`, else the backend's own */
  sessions?: SessionAdapter<never> | undefined;
}

/** What belongs to one backend, and does not stand beside several. */
interface NotBesideSeveral extends Partial<Record<keyof Credentials, undefined>> {
  backend?: undefined;
  options?: undefined;
}

/** Several backends, in place of `backend`. */
export interface SeveralBackends<Name extends string = string> extends RoutingSettings, NotBesideSeveral {
  /**
   * The backends, each by its name, of 1 to 64 letters, digits, `_`, `-` and `.`, not of digits alone. Messages choose
   * by `via`, users by `routes`; the first one is for all others.
   * @example
   * PushService.configure({ backends: { live: 'websocket://key:secret@1001', mobile: { backend: 'onesignal', … } } });
   */
  backends: Readonly<Record<Name, BackendEntry>>;
}

/** `PUSH_SERVER` with several backends, each for one value of `backend`, with the options that belong to it. */
export type SettingsOfSeveral<References extends Readonly<Record<string, BackendReference>>> = ServiceSettings &
  NotBesideSeveral &
  RoutingSettings & {
    backends: { readonly [Name in keyof References]: EntryOf<References[Name]> };
  };

/** The backends that are built of the setting `backends`, by their names. */
export type BackendsOf<References extends Readonly<Record<string, BackendReference>>> = {
  readonly [Name in keyof References]: BackendOf<References[Name]>;
};

/** An entry of the setting `backends` for one value of `backend`. */
type EntryOf<Reference extends BackendReference> =
  | (Credentials & OwnSessions & { backend: Reference; options?: OptionsOf<Reference> | undefined })
  | Reference;

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

/** Settings that have been checked. No backend is built yet. */
export interface CheckedSettings {
  readonly service: ServiceSettings;
  /** In their order. There is one with the setting `backend`. */
  readonly backends: readonly [CheckedBackend, ...CheckedBackend[]];
  /** Whether they come from the setting `backends`. */
  readonly areNamed: boolean;
  readonly routes: Routes | undefined;
}

/**
 * Checks `PUSH_SERVER`, and the settings of every backend within it. The `options` of a backend are checked when it is
 * built.
 * @throws ConfigurationError naming each key that is wrong
 */
export function checkPushServer(settings: unknown): CheckedSettings {
  const { backend: one, backends } = record(settings);
  if (backends !== undefined && one === undefined) return checkSeveral(settings);
  if (backends !== undefined && !isComposite(one))
    throw new ConfigurationError(
      'PUSH_SERVER: "backend" and "backends" exclude each other: name one backend, or several.',
    );
  const checked = checkForm(settings);
  const whole = isComposite(checked.backend) ? withChildren(checked, 'PUSH_SERVER') : checked;
  const keys = Object.entries(whole);
  const own = Object.fromEntries(keys.filter(([key]) => isOfBackend(key))) as unknown as CheckedBackend['settings'];
  const service: ServiceSettings = Object.fromEntries(keys.filter(([key]) => !isOfBackend(key)));
  return { service, backends: [{ name: undefined, settings: own }], areNamed: false, routes: undefined };
}

/** The keys that belong to one backend. */
const keysOfBackend = ['backend', 'appId', 'pubKey', 'subKey', 'secretKey', 'useSsl', 'options'];

const checkForm = settingsCheck('PUSH_SERVER', buildPushServerSchema, keyAdvice());

const checkSeveralForm = settingsCheck('PUSH_SERVER', buildSeveralSchema, adviceForSeveral());

/** The name of a backend in the setting `backends`. */
const NAME = /^[A-Za-z0-9_.-]{1,64}$/;

function checkSeveral(settings: unknown): CheckedSettings {
  const { backends, routes, ...service } = checkSeveralForm(settings);
  const checked = Object.entries(backends).map(([name, entry]): CheckedBackend => {
    if (!NAME.test(name))
      throw new ConfigurationError(
        `PUSH_SERVER.backends: the name ${JSON.stringify(name.slice(0, 80))} must have 1 to 64 characters, each a letter, a digit, "_", "-" or ".".`,
      );
    // JavaScript moves such keys before all others, so that another backend would be the first.
    if (/^\d+$/.test(name))
      throw new ConfigurationError(
        `PUSH_SERVER.backends: the name "${name}" must have more than digits, because JavaScript puts such a key before all others, and the first backend is the one of messages that choose none.`,
      );
    return checkedEntry(name, entry);
  });
  return { service, backends: checked as [CheckedBackend, ...CheckedBackend[]], areNamed: true, routes };
}

function isOfBackend(key: string): boolean {
  return keysOfBackend.includes(key);
}

/** Advice for keys of one backend that stand beside the setting `backends`. */
function adviceForSeveral(): ReadonlyMap<string, string> {
  return new Map(keysOfBackend.map((key) => [key, 'put it into the settings of the backend that it is for']));
}
