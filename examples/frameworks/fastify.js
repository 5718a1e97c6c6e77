// Fastify 5. Run it: node examples/frameworks/fastify.js
import fastify from 'fastify';
import { createPushHandler } from 'pushrail/http';
import { fastifyPushRoutes } from 'pushrail/http/fastify';
import { backend, logIn, order, push, userOf } from './shop.js';

const app = fastify();
const handler = createPushHandler(push, { authenticate: (request) => userOf(request.headers.get('cookie')) });
app.register(fastifyPushRoutes(handler), { prefix: '/push' });

app.post('/login', (request, reply) => {
  reply
    .code(204)
    .header('Set-Cookie', logIn(request.query.user ?? 'Ann'))
    .send();
});
app.post('/orders', async (request, reply) => {
  const user = userOf(request.headers.cookie);
  if (user === undefined) return reply.code(401).send();
  const { status } = await order(user);
  return reply.code(201).send(status);
});

backend.attach(app.server);
// Fastify's own way to stop: close() ends the server, which sends the pages away, and then calls the hooks of onClose.
app.addHook('onClose', () => push.close());
const stop = async () => {
  setTimeout(() => app.server.closeAllConnections(), 500).unref(); // a browser may hold one open without a request
  await app.close();
};
process.once('SIGINT', stop).once('SIGTERM', stop);

console.log(await app.listen({ port: Number(process.env.PORT ?? 3000), host: '127.0.0.1' }));
