// A route handler of Next.js: app/push/[route]/route.js. It is a function of a web Request, and so are those of Remix, SvelteKit and Astro.
// Next.js runs no WebSocket server of yours, so in production the service here is on a hosted backend, by PUSH_SERVER alone.
import { createPushHandler } from 'pushrail/http';
import { push, userOf } from './shop.js';

const pushRoutes = createPushHandler(push, { authenticate: (request) => userOf(request.headers.get('cookie')) });

export const dynamic = 'force-dynamic';
export const GET = (request) => pushRoutes(request);
export const POST = (request) => pushRoutes(request);
export const OPTIONS = (request) => pushRoutes(request); // for pages of the "allowedOrigins"
