// What all of these examples share: a push service on the embedded server, its rules, and a log-in that is just enough to try.
// Each example is the same small shop: log in, open the page's configuration, and order something.
import { randomUUID } from 'node:crypto';
import { createPushService, userChannels } from 'pushrail';
import { WebSocketService } from 'pushrail/backends/websocket';

export const backend = new WebSocketService({ appId: '1001', pubKey: 'shop-key', secretKey: 'keep-this-to-yourself' });
export const push = createPushService({ backend, sessions: userChannels({ prefix: 'private-user-' }) });

// A user's own channel needs no rule; the room knows who is there.
push.authorize(
  'presence-{room}',
  ({ user, params }) => params.room === 'shop' && { id: user.id, info: { name: user.name } },
);

const users = new Map();

/** Logs someone in: the value of a `Set-Cookie` header. */
export function logIn(name) {
  const token = randomUUID();
  users.set(token, { id: name.toLowerCase(), name });
  return `login=${token}; HttpOnly; SameSite=Lax; Path=/`;
}

/** Who sent this `Cookie` header. */
export function userOf(cookie) {
  return users.get(/(?:^|; )login=([\w-]+)/.exec(cookie ?? '')?.[1]);
}

/** Something happens: the one line that this is about. */
export function order(user) {
  return push.send({ event: 'order.shipped', users: user, data: { orderId: 42 } });
}
