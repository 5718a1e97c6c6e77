// A chat room on Express: log in, talk to all or to one, see who is there and who is typing.
// It runs on the embedded server; with PUSH_SERVER="pusher://KEY:SECRET@APPID?cluster=eu" the same program runs on Pusher.
import { randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import express from 'express';
import session from 'express-session';
import { PushService } from 'pushrail';
import { WebSocketService } from 'pushrail/backends/websocket';
import { createPushHandler, pushSession, toNodeHandler } from 'pushrail/http';

const embedded =
  process.env.PUSH_SERVER === undefined
    ? new WebSocketService({
        appId: '1001',
        pubKey: 'chat-key',
        secretKey: randomBytes(24).toString('base64url'),
        // Who reloads the page has not left the room.
        options: { presenceLeaveDelayMs: 3000 },
      })
    : undefined;
if (embedded !== undefined) PushService.configure({ backend: embedded });

// Everyone who is logged in may be in the room; the others see the name.
PushService.authorize('presence-chat', ({ user }) => ({ id: user.id, info: { name: user.name } }));

const app = express();
for (const file of ['pusher-js/dist/web/pusher.min.js', 'pushrail/client/pushrail-client.min.js'])
  app.get(`/${file.split('/').at(-1)}`, (_request, response) =>
    response.sendFile(fileURLToPath(import.meta.resolve(file))),
  );
app.use(express.static(fileURLToPath(new URL('public', import.meta.url))));

// Sessions are signed with a secret of this run: after a restart, everyone logs in again.
const secret = randomBytes(24).toString('base64url');
app.use(session({ secret, resave: false, saveUninitialized: false, cookie: { sameSite: 'lax' } }));
app.use((request, _response, next) => {
  request.user = request.session.user;
  next();
});
app.use(pushSession({ user: (request) => request.session?.user }));
app.use('/push', toNodeHandler(createPushHandler(PushService, { authenticate: (_request, { node }) => node.user })));
app.use(express.json());

/** The users who have logged in, by id. */
const users = new Map();

app.post('/login', async (request, response) => {
  const name = String(request.body?.name ?? '').trim();
  if (!/^[\p{L}\p{N}][\p{L}\p{N} ]{0,30}$/u.test(name)) return response.status(400).json({ error: 'That is no name.' });
  const user = { id: name.toLowerCase(), name };
  // Who comes back, by reloading the page, is still somebody, and may stay so or go by another name.
  const before = request.session.user?.id;
  if (user.id !== before && users.has(user.id))
    return response.status(409).json({ error: 'Someone of this name is here already.' });
  users.delete(before);
  users.set(user.id, user);
  // A new session at log-in: nobody can plant one beforehand.
  await promisify((done) => request.session.regenerate(done))();
  request.session.user = user;
  response.json({ user, config: await request.pushSession.clientConfig() });
});

// A page that is loaded anew asks who its visitor is.
app.get('/me', async (request, response) => {
  const { user } = request.session;
  response.json(user === undefined ? {} : { user, config: await request.pushSession.clientConfig() });
});

app.use((request, response, next) => {
  if (request.session.user === undefined) return response.status(401).json({ error: 'Log in first.' });
  next();
});

app.post('/logout', (request, response, next) => {
  users.delete(request.session.user.id);
  request.session.destroy((error) => (error ? next(error) : response.sendStatus(204)));
});

app.post('/messages', async (request, response) => {
  const { user } = request.session;
  const text = String(request.body?.text ?? '').slice(0, 2000);
  if (text === '') return response.status(400).json({ error: 'A message needs a text.' });
  const to = users.get(request.body.to);
  // What was meant for one who has left is for nobody else.
  if (to === undefined && request.body.to !== undefined) return response.status(404).json({ status: 'unreachable' });
  const message = { event: 'message', data: { from: user, text, isPrivate: to !== undefined }, except: request };
  // To one user, on all of that user's pages; or to the room. The page that sends shows its message itself.
  const { status } = await PushService.send(
    to === undefined ? { ...message, channels: 'presence-chat' } : { ...message, users: to },
  );
  response.status(status === 'unreachable' ? 404 : 201).json({ status });
});

const server = app.listen(process.env.PORT ?? 3000, () => {
  console.log(`The chat room is open at http://127.0.0.1:${server.address().port} (${PushService.backend.name})`);
});
embedded?.attach(server);

process.once('SIGINT', stop).once('SIGTERM', stop);

// The server goes first, because requests that it still answers may send; it sends the pages away, to reconnect.
function stop() {
  server.close(() => PushService.close());
  // A browser may hold a connection open without a request.
  setTimeout(() => server.closeAllConnections(), 500).unref();
}
