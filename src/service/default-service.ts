import type { BackendOf, BackendReference } from '../backends/built-in.js';
import type { AnyBackend } from '../backends/contract/wrapper.js';
import type { PushServerSettings, SettingsBesideDsn, SettingsOf } from '../settings/settings.js';
import { PushService as Service } from './push-service.js';

/** The type of the default push service and of those from {@link createPushService}. */
export type PushService<Backend extends AnyBackend = AnyBackend> = Service<Backend>;

/**
 * The default push service of the application. Configure it once, then import it anywhere.
 * @example
 * PushService.configure({ backend: 'console' });
 * await PushService.send({ event: 'hello', channels: 'news', data: { from: 'me' } });
 */
export const PushService: PushService = new Service();

/**
 * Makes an independent push service, for a second set of keys or for a test.
 * @param settings an object or a DSN, as for `PushService.configure`, which `beside` goes with as there
 * @throws ConfigurationError for a wrong setting or a package that is not installed
 * @example
 * await using push = createPushService({ backend: 'websocket', appId, pubKey, secretKey, options: { port: 6001 } });
 */
export function createPushService<Reference extends BackendReference>(
  settings: SettingsOf<Reference>,
): PushService<BackendOf<Reference>>;
export function createPushService(settings: PushServerSettings | string, beside?: SettingsBesideDsn): PushService;
export function createPushService(settings: unknown, beside?: SettingsBesideDsn): PushService {
  const service = new Service();
  service.configure(settings as PushServerSettings, beside);
  return service;
}
