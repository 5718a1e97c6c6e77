import { type Drivers, useDrivers } from './drivers/create-driver.js';
import { PushClient } from './push-client.js';

/**
 * Makes the global `PushClient` of a page without modules.
 * @param drivers the drivers that the page's script holds
 */
export function setGlobalClient(drivers: Drivers): void {
  useDrivers(drivers);
  (globalThis as { PushClient?: typeof PushClient }).PushClient = PushClient;
}
