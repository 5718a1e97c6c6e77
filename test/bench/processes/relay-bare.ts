import { createServer } from 'node:http';
import { Redis } from 'ioredis';
import { createClient } from 'redis';
import { WebSocketServer } from 'ws';
import { listen } from '../../support/ports.ts';
import { type NodeJoint, serveNode } from './node-commands.ts';
import { CHANNEL, EVENT } from './server-commands.ts';

/** The least that joins servers: `PUBLISH`, `SUBSCRIBE`, and one `send` of the `ws` package for each client. */
const http = createServer();
const server = new WebSocketServer({ server: http, perMessageDeflate: false });

let publish: (text: string) => Promise<unknown>;

function deliver(text: string): void {
  for (const client of server.clients) client.send(text);
}

async function join({ redisPort: port = 6379, library }: NodeJoint): Promise<void> {
  if (library === 'ioredis') {
    const [publishing, listening] = [new Redis(port), new Redis(port)];
    publish = (text) => publishing.publish(CHANNEL, text);
    listening.on('message', (_channel, text) => deliver(text));
    await listening.subscribe(CHANNEL);
  } else {
    const publishing = await createClient({ url: `redis://127.0.0.1:${port}` }).connect();
    const listening = await publishing.duplicate().connect();
    publish = (text) => publishing.publish(CHANNEL, text);
    await listening.subscribe(CHANNEL, deliver);
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
