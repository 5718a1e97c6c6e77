import type { ClientConfig } from '../../wire/client-config.js';
import { type DriverName, driverFor, driverNames } from '../../wire/driver-names.js';
import type { ClientDriver, ClientDriverHost } from '../driver.js';
import { PushClientError } from '../errors.js';
import type { OneSignalDriverOptions } from './onesignal/index.js';
import type { PubNubDriverOptions } from './pubnub/index.js';
import type { PusherDriverOptions } from './pusher/index.js';

/** Options of all drivers; each driver takes its own. */
export interface DriverOptions extends PusherDriverOptions, PubNubDriverOptions, OneSignalDriverOptions {}

/** Drivers by their own names. */
export type Drivers = Readonly<
  Partial<
    Record<DriverName, new (host: ClientDriverHost, config: ClientConfig, options: DriverOptions) => ClientDriver>
  >
>;

/** Set by the build of the page's scripts, which hold one driver. */
declare const IS_PAGE_SCRIPT: true | undefined;

/** The drivers that this script holds. */
let held: Drivers = {};

/**
 * Gives the client its drivers. An entry of the client calls it, so that a script holds no other driver than the page
 * needs.
 */
export function useDrivers(drivers: Drivers): void {
  held = drivers;
}

/**
 * Makes the driver for the backend that the configuration names.
 * @throws PushClientError when there is none, or when the driver lacks its SDK or a key
 */
export function createDriver(host: ClientDriverHost, config: ClientConfig, options: DriverOptions): ClientDriver {
  const { backend } = config;
  const name = driverFor(backend);
  const Driver = name && held[name];
  if (Driver) return new Driver(host, config, options);
  throw new PushClientError(
    `PushClient has no driver for the backend "${backend}"` +
      (typeof IS_PAGE_SCRIPT !== 'undefined'
        ? ' in this script: load the page anew.'
        : `, only for ${Object.keys(driverNames).join(', ')}: ` +
          'override subscribe() and unsubscribe() in a subclass, or pass { driver }.'),
    'CONFIGURATION',
  );
}
