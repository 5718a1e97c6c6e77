import { useDrivers } from './drivers/create-driver.js';
import { allDrivers } from './drivers/index.js';
import { type Fallback, useFallback } from './fallback.js';
import { PushClient } from './push-client.js';

// The one-file build for pages without modules: <script src="…/pushrail-client.min.js"></script>
const page = globalThis as { PushClient?: typeof PushClient; pushrailFallback?: Fallback };
useDrivers(allDrivers);
useFallback(async () => ({ eventStream: page.pushrailFallback }));
page.PushClient = PushClient;
