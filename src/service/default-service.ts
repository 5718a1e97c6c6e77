import type { BackendOf, BackendReference } from '../backends/built-in.js';
import type { AnyBackend } from '../backends/contract/wrapper.js';
import type {
  BackendsOf,
  PushServerSettings,
  SettingsBesideDsn,
  SettingsOf,
  SettingsOfAny,
  SettingsOfSeveral,
  SettingsWithoutBackend,
} from '../settings/settings.js';
import type { BackendsByName } from './configured-service.js';
import { PushService as Service } from './push-service.js';

/** The type of the default push service and of those from {@link createPushService}. */
export type PushService<
  Backend extends AnyBackend = AnyBackend,
  Backends extends BackendsByName = BackendsByName,
> = Service<Backend, Backends>;

/**
 * Where the default service is kept. A major version whose services differ has a place of its own.
 */
const place: symbol = Symbol.for('pushrail.v0.PushService');

/**
 * The default service of the process. Copies of this package share it: a framework may bundle the module that
 * configures it apart from those that send, and an application may load the package as an ES module and by `require`.
 */
function defaultService(): PushService {
  const shared = Reflect.get(globalThis, place) as PushService | undefined;
  if (shared !== undefined) return shared;
  const service = new Service();
  Object.defineProperty(globalThis, place, { value: service, configurable: true });
  return service;
}

/**
 * The default push service of the application. Configure it once, then import it anywhere: copies of the package in one
 * process share it.
 * @example
 * PushService.configure({ backend: 'console' });
 * await PushService.send({ event: 'hello', channels: 'news', data: { from: 'me' } });
 */
export const PushService: PushService = defaultService();

/**
 * Makes an independent push service, for a second set of keys or for a test.
 * @param settings an object or a DSN, as for `PushService.configure`, which `beside` goes with as there
 * @throws ConfigurationError for a wrong setting or a package that is not installed
 * @example
 * await using push = createPushService({ backend: 'websocket', appId, pubKey, secretKey, options: { port: 6001 } });
 * @example
 * const live = { backend: 'websocket', appId, pubKey, secretKey } as const;
 * const push = createPushService({ backends: { live, mobile: { backend: 'onesignal', appId, secretKey: restKey } } });
 */
export function createPushService<Settings extends PushServerSettings | string>(
  settings: SettingsOfAny<Settings>,
  beside?: SettingsBesideDsn,
): PushService;
export function createPushService(settings: SettingsWithoutBackend): PushService;
export function createPushService<Reference extends BackendReference>(
  settings: SettingsOf<Reference>,
): PushService<BackendOf<Reference>>;
export function createPushService<const References extends Readonly<Record<string, BackendReference>>>(
  settings: SettingsOfSeveral<References>,
): PushService<BackendOf<References[keyof References]>, BackendsOf<References>>;
export function createPushService(settings: unknown, beside?: SettingsBesideDsn): PushService {
  const service = new Service();
  service.configure(settings as PushServerSettings | string, beside);
  return service;
}
