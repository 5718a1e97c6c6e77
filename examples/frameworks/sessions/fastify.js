// Fastify 5 with @fastify/session. Run it: node examples/frameworks/sessions/fastify.js
import fastifyCookie from '@fastify/cookie';
import fastifySession from '@fastify/session';
import fastify from 'fastify';
import { createPushHandler } from 'pushrail/http';
import { fastifyPushRoutes, fastifyPushSession } from 'pushrail/http/fastify';
import { backend, push, ship } from './shop.js';

const app = fastify();
// Before the session plugin: what it writes into a session has to be there when the session is saved.
app.register(fastifyPushSession, { service: push, user: (request) => request.session.user });
app.register(fastifyCookie);
app.register(fastifySession, {
  secret: 'a secret of 32 characters or more',
  saveUninitialized: false,
  cookie: { secure: process.env.NODE_ENV === 'production' },
});
app.register(fastifyPushRoutes(createPushHandler(push)), { prefix: '/push' });

app.post('/login', async (request, reply) => {
  await request.session.regenerate();
  request.session.user = { id: request.query.user };
  return reply.code(204).send();
});
app.post('/logout', async (request, reply) => {
  await request.session.destroy();
  return reply.code(204).send();
});
app.post('/ship', (request) => ship(request.query.to));

backend.attach(app.server);
app.addHook('onClose', () => push.close());
process.once('SIGINT', () => app.close()).once('SIGTERM', () => app.close());
console.log(await app.listen({ port: Number(process.env.PORT ?? 3000), host: '127.0.0.1' }));
