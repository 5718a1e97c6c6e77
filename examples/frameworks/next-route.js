// A route handler of Next.js: app/push/[route]/route.js. It is a function of a web Request, and so are those of Remix, SvelteKit and Astro.
// docs/bundlers.md has a whole application, and says where the WebSocket server runs: PUSH_SERVER names it.
import { createPushHandler } from 'pushrail/http';
import { push, userOf } from './shop.js';

const pushRoutes = createPushHandler(push, { authenticate: (request) => userOf(request.headers.get('cookie')) });

export const dynamic = 'force-dynamic';
export const GET = (request) => pushRoutes(request);
export const POST = (request) => pushRoutes(request);
export const OPTIONS = (request) => pushRoutes(request); // for pages of the "allowedOrigins"
