import { createServer } from 'node:http';
import { WebSocketServer } from 'ws';
import { listen } from '../../support/ports.ts';
import { answer } from './answer.ts';
import type { ServerCommands } from './server-commands.ts';
import { cpuSeconds } from './usage.ts';

// `ws` on a server of node:http. It sends each client one message of the size that ours sends.
const http = createServer();
const sockets = new WebSocketServer({ server: http });
const data = JSON.stringify({ socket_id: '123456789012345.123456789012345', activity_timeout: 120 });
sockets.on('connection', (socket) => {
  socket.send(JSON.stringify({ event: 'pusher:connection_established', data }));
});

answer<Pick<ServerCommands, 'listen' | 'cpuSeconds'>>({ listen: () => listen(http), cpuSeconds });
