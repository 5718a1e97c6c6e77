import { createPushService } from 'pushrail';
import { presenceKeys } from '../wire/presence-dialects.ts';
import { answer } from './answer.ts';
import type { ServerCommands } from './server-commands.ts';
import { cpuSeconds } from './usage.ts';

const service = createPushService({
  backend: 'websocket',
  appId: 'bench',
  ...presenceKeys,
  options: { port: 0, host: '127.0.0.1', maxPresenceMembers: 10_000 },
});

answer<Pick<ServerCommands, 'listen' | 'cpuSeconds'>>({
  async listen() {
    await service.ready();
    const { port } = await service.clientConfig();
    if (port === undefined) throw new Error('The service does not listen.');
    return port;
  },
  cpuSeconds,
});
