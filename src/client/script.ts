import { useDrivers } from './drivers/create-driver.js';
import { allDrivers } from './drivers/index.js';
import { PushClient } from './push-client.js';

// The one-file build for pages without modules: <script src="…/pushrail-client.min.js"></script>
useDrivers(allDrivers);
(globalThis as { PushClient?: typeof PushClient }).PushClient = PushClient;
