import { createPushService } from 'pushrail';
import { serveRooms } from './room-commands.ts';
import { EVENT } from './server-commands.ts';

const service = createPushService({
  backend: 'websocket',
  appId: 'bench',
  pubKey: 'bench',
  secretKey: 'bench-secret',
  options: { port: 0, host: '127.0.0.1', maxChannelsPerConnection: 1000 },
});

serveRooms({
  async listen() {
    await service.ready();
    const { port } = await service.clientConfig();
    if (port === undefined) throw new Error('The service does not listen.');
    return port;
  },
  async publish(room, data) {
    await service.send({ event: EVENT, channels: room, data });
  },
});
