import { eventStream } from './drivers/event-stream/index.js';
import { allDrivers } from './drivers/index.js';
import { useFallback } from './fallback.js';
import { setGlobalClient } from './page-script.js';

// The one-file build for pages without modules: <script src="…/pushrail-client.min.js"></script>
setGlobalClient(allDrivers);
useFallback(async () => eventStream);
