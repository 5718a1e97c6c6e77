import { createPushService } from 'pushrail';
import { CHANNEL, EVENT, serve } from './server-commands.ts';

const service = createPushService({
  backend: 'websocket',
  appId: 'bench',
  pubKey: 'bench',
  secretKey: 'bench-secret',
  options: { port: 0, host: '127.0.0.1', maxEventBytes: 65_536 },
});

serve({
  async listen() {
    await service.ready();
    const { port } = await service.clientConfig();
    if (port === undefined) throw new Error('The service does not listen.');
    return port;
  },
  async publish(data) {
    await service.send({ event: EVENT, channels: CHANNEL, data });
  },
});
