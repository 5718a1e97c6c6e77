// Plain node:http. Run it: node examples/frameworks/node-http.js
import { createServer } from 'node:http';
import { createPushHandler, toNodeHandler } from 'pushrail/http';
import { backend, logIn, order, push, userOf } from './shop.js';
import { stopOnSignal } from './stop-on-signal.js';

const pushRoutes = toNodeHandler(
  createPushHandler(push, { authenticate: (request) => userOf(request.headers.get('cookie')) }),
);

const server = createServer((request, response) => {
  // Whatever fails ends this one request, and not the process.
  answer(request, response).catch((error) => {
    console.error(error);
    response.writeHead(500).end();
  });
});

async function answer(request, response) {
  const { pathname, searchParams } = new URL(`http://localhost${request.url}`);
  if (pathname.startsWith('/push/')) return pushRoutes(request, response);
  if (request.method === 'POST' && pathname === '/login')
    return response.writeHead(204, { 'Set-Cookie': logIn(searchParams.get('user') ?? 'Ann') }).end();
  const user = userOf(request.headers.cookie);
  if (request.method !== 'POST' || pathname !== '/orders' || user === undefined) return response.writeHead(404).end();
  const { status } = await order(user);
  response.writeHead(201, { 'Content-Type': 'text/plain' }).end(status);
}

backend.attach(server);
server.listen(process.env.PORT ?? 3000, () => console.log(`http://127.0.0.1:${server.address().port}`));
stopOnSignal(server, push);
