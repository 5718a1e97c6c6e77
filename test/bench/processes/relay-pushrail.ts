import { Redis } from 'ioredis';
import { createPushService } from 'pushrail';
import { type RedisRelayClient, redisRelay } from 'pushrail/relay/redis';
import { createClient } from 'redis';
import { presenceKeys } from '../wire/presence-dialects.ts';
import { type NodeJoint, type RedisLibrary, serveNode } from './node-commands.ts';
import { CHANNEL, EVENT } from './server-commands.ts';

const clients: Readonly<Record<RedisLibrary, (port: number) => RedisRelayClient>> = {
  ioredis: (port) => new Redis({ port, lazyConnect: true }),
  redis: (port) => createClient({ url: `redis://127.0.0.1:${port}` }),
};

function serviceOf({ redisPort, library }: NodeJoint) {
  return createPushService({
    backend: 'websocket',
    appId: 'bench',
    ...presenceKeys,
    options: {
      port: 0,
      host: '127.0.0.1',
      maxPresenceMembers: 10_000,
      ...(redisPort !== undefined && { relay: redisRelay(clients[library](redisPort)) }),
    },
  });
}

let service: ReturnType<typeof serviceOf>;

async function open(joint: NodeJoint): Promise<number> {
  service = serviceOf(joint);
  await service.ready();
  const { port } = await service.clientConfig();
  if (port === undefined) throw new Error('The service does not listen.');
  return port;
}

serveNode({
  open,
  async publish(data) {
    await service.send({ event: EVENT, channels: CHANNEL, data });
  },
  async publishTo(room, data) {
    await service.send({ event: EVENT, channels: room, data });
  },
});
