// A chat of two. Who has not read a message after ten seconds is reminded by a push; who reads it in time is not.
// The reminders are in an SQLite file: stop this program while one waits, start it again, and it is sent.
import { randomBytes } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import express from 'express';
import { PushService, userChannels } from 'pushrail';
import { WebSocketService } from 'pushrail/backends/websocket';

const delay = process.env.REMINDER_DELAY ?? '10s';
const messages = process.env.PUSH_MESSAGES ?? `sqlite:${join(tmpdir(), 'pushrail-reminder.db')}`;

const backend = new WebSocketService({
  appId: '1001',
  pubKey: 'reminder-key',
  secretKey: randomBytes(24).toString('base64url'),
});
PushService.configure({ backend, sessions: userChannels({ prefix: 'user-' }), messages });

const users = new Map([
  ['ann', 'Ann'],
  ['ben', 'Ben'],
]);
/** The chat of the two, as what messages are about. */
const chat = { type: 'chat', id: 'ann:ben' };

// The page shows what happens to the reminders. `record: false`: what is told of records needs none itself.
for (const happened of ['recorded', 'sent', 'skipped', 'failed', 'cancelled'])
  PushService.on(happened, ({ recipients, data, reason }) =>
    PushService.fire({
      event: 'happened',
      channels: 'log',
      data: { happened, user: users.get(recipients.users[0]), text: data.text, reason },
      record: false,
    }),
  );

const app = express();
for (const file of ['pusher-js/dist/web/pusher.min.js', 'pushrail/client/pushrail-client.min.js'])
  app.get(`/${file.split('/').at(-1)}`, (_request, response) =>
    response.sendFile(fileURLToPath(import.meta.resolve(file))),
  );
app.use(express.static(fileURLToPath(new URL('public', import.meta.url))));
app.use(express.json());

// Everybody may be Ann or Ben here. A real application has a log-in: see the example chat.
app.param('user', (_request, response, next, user) => (users.has(user) ? next() : response.sendStatus(404)));

app.get('/users/:user', async (request, response) => {
  const { user } = request.params;
  const unread = await PushService.messages.unread(user);
  response.json({
    config: await PushService.clientConfig({ user }),
    delay,
    unread: unread.messages.map(({ data }) => data),
  });
});

app.post('/users/:user/messages', async (request, response) => {
  const from = request.params.user;
  const to = from === 'ann' ? 'ben' : 'ann';
  const text = String(request.body?.text ?? '').slice(0, 500);
  if (text === '') return response.status(400).json({ error: 'A message needs a text.' });
  const data = { from: users.get(from), text };
  // Recorded first: who reads the message at once has the reminder to mark.
  await PushService.send({ event: 'reminder', users: to, data, delay, when: 'unread', relatedTo: chat, expires: '1d' });
  const { status } = await PushService.send({ event: 'message', users: to, data, record: false });
  response.status(201).json({ status });
});

// Who opens the chat has read all that is in it.
app.post('/users/:user/read', async (request, response) => {
  const read = await PushService.messages.markRead({ user: request.params.user, relatedTo: chat });
  response.json({ read });
});

const server = app.listen(process.env.PORT ?? 3000, () => {
  console.log(`The chat is open at http://127.0.0.1:${server.address().port}`);
  console.log(`Reminders wait in ${messages.replace(/\/\/.*@/s, '//')}`); // without the password of a database
});
backend.attach(server);

process.once('SIGINT', stop).once('SIGTERM', stop);

// Reminders that wait stay in the store.
function stop() {
  server.close(() => PushService.close());
  // A browser may hold a connection open without a request.
  setTimeout(() => server.closeAllConnections(), 500).unref();
}
