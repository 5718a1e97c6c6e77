// Express 5 with express-session. Run it: node examples/frameworks/sessions/express.js
import express from 'express';
import session from 'express-session';
import { createPushHandler, pushSession, toNodeHandler } from 'pushrail/http';
import { stopOnSignal } from '../stop-on-signal.js';
import { backend, push, ship } from './shop.js';

const app = express();
app.use(session({ secret: 'your-secret', resave: false, saveUninitialized: false }));
app.use(pushSession({ service: push, user: (request) => request.session.user }));
app.use('/push', toNodeHandler(createPushHandler(push))); // pushSession() tells it who is logged in

app.post('/login', (request, response, next) => {
  request.session.regenerate((error) => {
    if (error) return next(error);
    request.session.user = { id: request.query.user };
    response.sendStatus(204);
  });
});
app.post('/logout', (request, response, next) => {
  request.session.destroy((error) => (error ? next(error) : response.sendStatus(204)));
});
app.post('/ship', async (request, response) => {
  response.send(await ship(request.query.to));
});

const server = app.listen(process.env.PORT ?? 3000, () => console.log(`http://127.0.0.1:${server.address().port}`));
backend.attach(server);
stopOnSignal(server, push);
