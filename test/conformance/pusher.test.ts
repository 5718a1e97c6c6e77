import { startPusherProvider } from '../providers/pusher-provider.js';
import { conforms } from './register.js';
import { providerSubject } from './subjects/provider.js';
import { pusherOnEmbeddedServer } from './subjects/websocket.js';

conforms('pusher', { create: async () => providerSubject(await startPusherProvider()) }, [
  'join()',
  'delivery to subscribers',
]);
conforms('pusher with an embedded server', { create: pusherOnEmbeddedServer });
