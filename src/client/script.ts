import { useDrivers } from './drivers/create-driver.js';
import { eventStream } from './drivers/event-stream/index.js';
import { allDrivers } from './drivers/index.js';
import { useFallback } from './fallback.js';
import { PushClient } from './push-client.js';

// The one-file build for pages without modules: <script src="…/pushrail-client.min.js"></script>
useDrivers(allDrivers);
useFallback(async () => eventStream);
(globalThis as { PushClient?: typeof PushClient }).PushClient = PushClient;
