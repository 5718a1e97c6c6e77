// One node: the chat room of ../chat, whose sessions, users and connections all nodes share.
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { fileURLToPath } from 'node:url';
import { RedisStore } from 'connect-redis';
import express from 'express';
import { PushService } from 'pushrail';
import { WebSocketService } from 'pushrail/backends/websocket';
import { redisRelay } from 'pushrail/relay/redis';
import { redisSessions } from 'pushrail/sessions/redis';
import { createClient } from 'redis';
import { chatRoom } from '../chat/room.js';

// The same on all nodes, but for the number.
const { CLUSTER_NODE, CLUSTER_REDIS, CLUSTER_PREFIX: prefix, CLUSTER_SECRET, CLUSTER_SESSIONS } = process.env;
const number = Number(CLUSTER_NODE);

const redis = createClient({ url: CLUSTER_REDIS }).on('error', (error) =>
  console.error(`Node ${number}:`, error.message),
);
await redis.connect();

const backend = new WebSocketService({
  appId: '1001',
  pubKey: 'chat-key',
  secretKey: CLUSTER_SECRET,
  // Who reloads the page has not left the room.
  options: { relay: redisRelay(redis, { prefix }), presenceLeaveDelayMs: 3000 },
});
PushService.configure({ backend, sessions: redisSessions(redis, { prefix }) });

// A page talks to any node: what a log-in leaves behind is where all of them see it.
const names = `${prefix}names`;
const users = {
  async get(id) {
    const name = await redis.hGet(names, id);
    return name === null ? undefined : { id, name };
  },
  async add({ id, name }) {
    const isFree = (await redis.hSetNX(names, id, name)) === 1;
    await redis.expire(names, 86_400);
    return isFree;
  },
  remove: (id) => redis.hDel(names, id),
};
const store = new RedisStore({ client: redis, prefix: `${prefix}http:` });

/** The page of the chat room, with the bar that shows the nodes. */
const page = [new URL('../chat/public/index.html', import.meta.url), new URL('bar.html', import.meta.url)]
  .map((file) => readFileSync(file, 'utf8'))
  .join('');

const app = express();
app.get('/', (_request, response) => response.type('html').send(page));
app.use(express.static(fileURLToPath(new URL('public', import.meta.url))));
app.use(chatRoom({ users, store, secret: CLUSTER_SESSIONS }));
// Behind the room's log-in. Whichever node is asked, the program that has started them all does it.
app.post('/nodes/:number/kill', (request, response) => {
  process.send({ kill: Number(request.params.number) });
  response.sendStatus(202);
});

app.post('/where', (request, response) => {
  const { socketId, page } = request.body;
  if (!/^[\d.]+$/.test(socketId) || !/^\w{1,40}$/.test(page)) return response.sendStatus(400);
  PushService.fire({ channels: 'where', event: 'asked', data: { socketId, page } });
  response.sendStatus(202);
});

const server = createServer(app);
backend.attach(server);

// A page cannot see what is behind the balancer, so it asks. What a node subscribes to, each node hears, and the one that
// has the page's connection answers.
PushService.on('messageReceived', ({ channel, data: { socketId, page } }) => {
  if (channel === 'where' && backend.api.isLocal(socketId))
    PushService.fire({ channels: `page-${page}`, event: 'node', data: { number } });
});

// Joins the others before a page can come.
await PushService.ready();
await PushService.subscribe('where');
server.listen(0, '127.0.0.1', () => process.send({ port: server.address().port }));

let pages = 0;
const counting = setInterval(() => {
  const { localConnections } = backend.api;
  if (localConnections === pages) return;
  pages = localConnections;
  process.send({ pages });
}, 250);

// Ctrl-C reaches all processes of a terminal; the one that has started this node ends it.
process.on('SIGINT', () => {});
process.once('SIGTERM', stop).once('disconnect', stop);

function stop() {
  clearInterval(counting);
  server.close(async () => {
    await PushService.close();
    redis.destroy();
    if (process.connected) process.disconnect();
  });
  setTimeout(() => server.closeAllConnections(), 500).unref();
}
