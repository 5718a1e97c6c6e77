import { createServer } from 'node:http';
import { Redis } from 'ioredis';
import { createClient } from 'redis';
import { WebSocketServer } from 'ws';
import { listen } from '../../support/ports.ts';
import { type NodeJoint, serveNode } from './node-commands.ts';
import { CHANNEL, EVENT } from './server-commands.ts';

/** The least that joins servers: `PUBLISH`, `SUBSCRIBE`, and one `send` of the `ws` package for each client. */
const http = createServer();
const server = new WebSocketServer({ noServer: true, perMessageDeflate: false });

let publish: (text: string) => Promise<unknown>;
/** A node without clients listens to nothing, as ours does. */
let listenToRedis: () => Promise<unknown>;
let listening: Promise<unknown> | undefined;

http.on('upgrade', async (request, socket, head) => {
  listening ??= listenToRedis();
  await listening;
  server.handleUpgrade(request, socket, head, (client) => void server.emit('connection', client, request));
});

function deliver(text: string): void {
  for (const client of server.clients) client.send(text);
}

async function join({ redisPort: port = 6379, library }: NodeJoint): Promise<void> {
  if (library === 'ioredis') {
    const [publishing, subscriber] = [new Redis(port), new Redis(port)];
    publish = (text) => publishing.publish(CHANNEL, text);
    subscriber.on('message', (_channel, text) => deliver(text));
    listenToRedis = () => subscriber.subscribe(CHANNEL);
  } else {
    const publishing = await createClient({ url: `redis://127.0.0.1:${port}` }).connect();
    const subscriber = await publishing.duplicate().connect();
    publish = (text) => publishing.publish(CHANNEL, text);
    listenToRedis = () => subscriber.subscribe(CHANNEL, deliver);
  }
}

serveNode({
  async open(joint) {
    await join(joint);
    return listen(http);
  },
  async publish(data) {
    // The same text that ours sends.
    await publish(JSON.stringify({ event: EVENT, channel: CHANNEL, data: JSON.stringify(data) }));
  },
});
