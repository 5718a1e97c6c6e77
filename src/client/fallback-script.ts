import { eventStream } from './drivers/event-stream/index.js';
import type { Fallback } from './fallback.js';

// For pages without modules, beside the client's own script: <script src="…/pushrail-fallback.min.js"></script>
(globalThis as { pushrailFallback?: Fallback }).pushrailFallback = eventStream;
