import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import express from 'express';
import session from 'express-session';
import { PushService } from 'pushrail';
import { createPushHandler, pushSession, toNodeHandler } from 'pushrail/http';

/**
 * The chat room as an Express application: its page, log-in, the push routes and what is said. `examples/cluster` runs it on
 * several nodes.
 * @param options `users`, who has logged in, by id: `get(id)`, `add(user)`, which tells whether the name was free, and
 * `remove(id)`; `secret`, which signs the sessions; `store`, which has them (default: the memory of this process)
 */
export function chatRoom({ users, secret, store }) {
  // Everyone who is logged in may be in the room; the others see the name.
  PushService.authorize('presence-chat', ({ user }) => ({ id: user.id, info: { name: user.name } }));

  const app = express();
  for (const file of ['pusher-js/dist/web/pusher.min.js', 'pushrail/client/pushrail-client.min.js'])
    app.get(`/${file.split('/').at(-1)}`, (_request, response) =>
      response.sendFile(fileURLToPath(import.meta.resolve(file))),
    );
  app.use(express.static(fileURLToPath(new URL('public', import.meta.url))));

  app.use(session({ secret, store, resave: false, saveUninitialized: false, cookie: { sameSite: 'lax' } }));
  app.use((request, _response, next) => {
    request.user = request.session.user;
    next();
  });
  app.use(pushSession({ user: (request) => request.session?.user }));
  app.use('/push', toNodeHandler(createPushHandler(PushService, { authenticate: (_request, { node }) => node.user })));
  app.use(express.json());

  app.post('/login', async (request, response) => {
    const name = String(request.body?.name ?? '').trim();
    if (!/^[\p{L}\p{N}][\p{L}\p{N} ]{0,30}$/u.test(name))
      return response.status(400).json({ error: 'That is no name.' });
    const user = { id: name.toLowerCase(), name };
    // Who comes back, by reloading the page, is still somebody, and may stay so or go by another name.
    const before = request.session.user?.id;
    if (user.id !== before) {
      if (!(await users.add(user)))
        return response.status(409).json({ error: 'Someone of this name is here already.' });
      if (before !== undefined) await users.remove(before);
    }
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

  app.post('/logout', async (request, response) => {
    await users.remove(request.session.user.id);
    await promisify((done) => request.session.destroy(done))();
    response.sendStatus(204);
  });

  app.post('/messages', async (request, response) => {
    const { user } = request.session;
    const text = String(request.body?.text ?? '').slice(0, 2000);
    if (text === '') return response.status(400).json({ error: 'A message needs a text.' });
    const isPrivate = request.body.to !== undefined;
    const to = isPrivate ? await users.get(String(request.body.to)) : undefined;
    // What was meant for one who has left is for nobody else.
    if (isPrivate && to === undefined) return response.status(404).json({ status: 'unreachable' });
    const message = { event: 'message', data: { from: user, text, isPrivate }, except: request };
    // To one user, on all of that user's pages; or to the room. The page that sends shows its message itself.
    const { status } = await PushService.send(
      isPrivate ? { ...message, users: to } : { ...message, channels: 'presence-chat' },
    );
    response.status(status === 'unreachable' ? 404 : 201).json({ status });
  });

  return app;
}
