import { ConsoleDriver } from './console.js';
import type { Drivers } from './create-driver.js';
import { OneSignalDriver } from './onesignal/index.js';
import { PubNubDriver } from './pubnub/index.js';
import { PusherDriver } from './pusher/index.js';

/** All drivers, by their own names. */
export const allDrivers: Required<Drivers> = {
  pusher: PusherDriver,
  pubnub: PubNubDriver,
  onesignal: OneSignalDriver,
  console: ConsoleDriver,
};
