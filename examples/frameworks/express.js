// Express 5. Run it: node examples/frameworks/express.js
import express from 'express';
import { createPushHandler, toNodeHandler } from 'pushrail/http';
import { backend, logIn, order, push, userOf } from './shop.js';
import { stopOnSignal } from './stop-on-signal.js';

const app = express();
app.use((request, _response, next) => {
  request.user = userOf(request.headers.cookie);
  next();
});
// With a log-in that is Express's own, such as Passport's, the user is on Node's request.
app.use('/push', toNodeHandler(createPushHandler(push, { authenticate: (_request, { node }) => node.user })));
app.use(express.json());

app.post('/login', (request, response) => {
  response.set('Set-Cookie', logIn(request.query.user ?? 'Ann')).sendStatus(204);
});
app.post('/orders', async (request, response) => {
  if (request.user === undefined) return response.sendStatus(401);
  const { status } = await order(request.user);
  response.status(201).send(status);
});

const server = app.listen(process.env.PORT ?? 3000, () => console.log(`http://127.0.0.1:${server.address().port}`));
backend.attach(server);
stopOnSignal(server, push);
