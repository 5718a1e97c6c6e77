import { createShardedAdapter } from '@socket.io/redis-adapter';
import { Redis } from 'ioredis';
import { createClient } from 'redis';
import { listen } from '../../support/ports.ts';
import { type NodeJoint, serveNode } from './node-commands.ts';
import { CHANNEL, EVENT } from './server-commands.ts';
import { http, io } from './socketio-on-http.ts';

/** Clients for publishing and for listening, as the adapter's documentation makes them. */
async function clientsOf({ redisPort: port = 6379, library }: NodeJoint): Promise<readonly [unknown, unknown]> {
  if (library === 'ioredis') return [new Redis(port), new Redis(port)];
  const publishing = createClient({ url: `redis://127.0.0.1:${port}` });
  return Promise.all([publishing.connect(), publishing.duplicate().connect()]);
}

serveNode({
  async open(joint) {
    io.adapter(createShardedAdapter(...(await clientsOf(joint))));
    io.on('connection', (socket) => void socket.join(CHANNEL));
    return listen(http);
  },
  publish(data) {
    io.to(CHANNEL).emit(EVENT, data);
  },
});
