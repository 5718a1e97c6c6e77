// Handlers of web requests with iron-session, as Next.js, Remix, SvelteKit and Astro have them.
// Here Node's own server calls them. Run it: node examples/frameworks/sessions/web.js
import { createServer } from 'node:http';
import { getIronSession } from 'iron-session';
import { createPushHandler, toNodeHandler, webPushSession } from 'pushrail/http';
import { stopOnSignal } from '../stop-on-signal.js';
import { backend, push, ship } from './shop.js';

const options = {
  cookieName: 'shop',
  password: 'a password of 32 characters or more',
  cookieOptions: { secure: process.env.NODE_ENV === 'production' },
};
const pushSessionOf = webPushSession({ service: push, user: (session) => session.user });
const pushRoutes = createPushHandler(push); // the push session tells it who is logged in

/** Makes a handler that has a session. */
function withSession(handle) {
  return async (request) => {
    const cookies = new Response(); // gets the header Set-Cookie. In Next.js: getIronSession(await cookies(), options)
    const session = await getIronSession(request, cookies, options);
    const pushSession = pushSessionOf(session);
    const response = await handle(request, session, pushSession);
    if (await pushSession.settle()) await session.save();
    for (const cookie of cookies.headers.getSetCookie()) response.headers.append('Set-Cookie', cookie);
    return response;
  };
}

const pages = withSession((request, _session, pushSession) => pushRoutes(request, { pushSession }));
const logIn = withSession((request, session) => {
  session.user = { id: new URL(request.url).searchParams.get('user') };
  return new Response(null, { status: 204 });
});
const logOut = withSession((_request, session) => {
  session.user = undefined;
  return new Response(null, { status: 204 });
});
const warehouse = async (request) => new Response(await ship(new URL(request.url).searchParams.get('to')));

// In Next.js each is the file of its route, such as app/push/[route]/route.js: export const GET = pages; …
const routes = new Map([
  ['/login', logIn],
  ['/logout', logOut],
  ['/ship', warehouse],
]);
const server = createServer(toNodeHandler((request) => (routes.get(new URL(request.url).pathname) ?? pages)(request)));
backend.attach(server);
server.listen(process.env.PORT ?? 3000, () => console.log(`http://127.0.0.1:${server.address().port}`));
stopOnSignal(server, push);
