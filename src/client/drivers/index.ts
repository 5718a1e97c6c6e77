import type { ClientConfig } from '../../wire/client-config.js';
import type { ClientDriver, ClientDriverHost } from '../driver.js';
import { PushClientError } from '../errors.js';
import { ConsoleDriver } from './console.js';
import { driverNames } from './names.js';
import { OneSignalDriver, type OneSignalDriverOptions } from './onesignal/index.js';
import { PubNubDriver, type PubNubDriverOptions } from './pubnub/index.js';
import { PusherDriver, type PusherDriverOptions } from './pusher/index.js';

/** Options of all drivers; each driver takes its own. */
export interface DriverOptions extends PusherDriverOptions, PubNubDriverOptions, OneSignalDriverOptions {}

type DriverConstructor = new (host: ClientDriverHost, config: ClientConfig, options: DriverOptions) => ClientDriver;

/** The drivers by their own names. */
const driverClasses: Readonly<Record<(typeof driverNames)[keyof typeof driverNames], DriverConstructor>> = {
  pusher: PusherDriver,
  pubnub: PubNubDriver,
  onesignal: OneSignalDriver,
  console: ConsoleDriver,
};

/** The drivers' names by the name of the backend on the server. */
const drivers = new Map(Object.entries(driverNames));

/**
 * Makes the driver for the backend that the configuration names.
 * @throws PushClientError when there is none, or when the driver lacks its SDK or a key
 */
export function createDriver(host: ClientDriverHost, config: ClientConfig, options: DriverOptions): ClientDriver {
  const name = drivers.get(config.backend);
  if (!name) {
    const known = [...drivers.keys()].join(', ');
    throw new PushClientError(
      `PushClient has no driver for the backend "${config.backend}", only for ${known}: ` +
        'override subscribe() and unsubscribe() in a subclass, or pass { driver }.',
      'CONFIGURATION',
    );
  }
  return new driverClasses[name](host, config, options);
}
