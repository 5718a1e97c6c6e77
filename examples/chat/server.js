// A chat room on Express: log in, talk to all or to one, see who is there and who is typing.
// It runs on the embedded server; with PUSH_SERVER="pusher://KEY:SECRET@APPID?cluster=eu" the same program runs on Pusher.
import { randomBytes } from 'node:crypto';
import { PushService } from 'pushrail';
import { WebSocketService } from 'pushrail/backends/websocket';
import { chatRoom } from './room.js';

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

const known = new Map();
const users = {
  get: (id) => known.get(id),
  add: (user) => !known.has(user.id) && known.set(user.id, user).has(user.id),
  remove: (id) => known.delete(id),
};
// Sessions are signed with a secret of this run: after a restart, everyone logs in again.
const app = chatRoom({ users, secret: randomBytes(24).toString('base64url') });

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
