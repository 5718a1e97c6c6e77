// Hono with a session of its own in a signed cookie. Run it: node examples/frameworks/sessions/hono.js
import { serve } from '@hono/node-server';
import { Hono } from 'hono';
import { getSignedCookie, setSignedCookie } from 'hono/cookie';
import { createPushHandler, webPushSession } from 'pushrail/http';
import { stopOnSignal } from '../stop-on-signal.js';
import { backend, push, ship } from './shop.js';

const secret = 'your-secret';
const cookie = { path: '/', httpOnly: true, sameSite: 'Lax', secure: process.env.NODE_ENV === 'production' };
const pushSessionOf = webPushSession({ service: push, user: (session) => session.user });
const pushRoutes = createPushHandler(push); // the push session tells it who is logged in

const app = new Hono();
app.use(async (context, next) => {
  const session = JSON.parse((await getSignedCookie(context, secret, 'session')) || '{}');
  const pushSession = pushSessionOf(session);
  context.set('session', session);
  context.set('pushSession', pushSession);
  await next();
  if (await pushSession.settle()) await setSignedCookie(context, 'session', JSON.stringify(session), secret, cookie);
});

app.all('/push/*', (context) => pushRoutes(context.req.raw, { pushSession: context.get('pushSession') }));
app.post('/login', (context) => {
  context.get('session').user = { id: context.req.query('user') };
  return context.body(null, 204);
});
app.post('/logout', (context) => {
  context.get('session').user = undefined;
  return context.body(null, 204);
});
app.post('/ship', async (context) => context.text(await ship(context.req.query('to'))));

const server = serve({ fetch: app.fetch, port: Number(process.env.PORT ?? 3000) }, ({ port }) =>
  console.log(`http://127.0.0.1:${port}`),
);
backend.attach(server);
stopOnSignal(server, push);
