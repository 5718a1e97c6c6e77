// Hono, on its adapter for Node. Run it: node examples/frameworks/hono.js
import { serve } from '@hono/node-server';
import { Hono } from 'hono';
import { createPushHandler } from 'pushrail/http';
import { backend, logIn, order, push, userOf } from './shop.js';
import { stopOnSignal } from './stop-on-signal.js';

const app = new Hono();
const pushRoutes = createPushHandler(push, { authenticate: (request) => userOf(request.headers.get('cookie')) });

app.all('/push/*', (context) => pushRoutes(context.req.raw));
app.post('/login', (context) => {
  context.header('Set-Cookie', logIn(context.req.query('user') ?? 'Ann'));
  return context.body(null, 204);
});
app.post('/orders', async (context) => {
  const user = userOf(context.req.header('cookie'));
  if (user === undefined) return context.body(null, 401);
  const { status } = await order(user);
  return context.text(status, 201);
});

const server = serve({ fetch: app.fetch, port: Number(process.env.PORT ?? 3000) }, ({ port }) =>
  console.log(`http://127.0.0.1:${port}`),
);
backend.attach(server);
stopOnSignal(server, push);
