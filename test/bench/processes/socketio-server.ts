import { createServer } from 'node:http';
import { Server } from 'socket.io';
import { listen } from '../../support/ports.ts';
import { CHANNEL, EVENT, serve } from './server-commands.ts';

const http = createServer();
const io = new Server(http, {
  transports: ['websocket'],
  perMessageDeflate: false,
  httpCompression: false,
  serveClient: false,
});
io.on('connection', (socket) => void socket.join(CHANNEL));

serve({
  listen: () => listen(http),
  publish(data) {
    io.to(CHANNEL).emit(EVENT, data);
  },
});
