import { PushClient } from './push-client.js';

// The one-file build for pages without modules: <script src="…/pushrail-client.min.js"></script>
(globalThis as { PushClient?: typeof PushClient }).PushClient = PushClient;
