import { once } from 'node:events';
import { createServer } from 'node:http';
import { Server } from 'socket.io';
import { portOf } from './port-of.ts';
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
  async listen() {
    http.listen(0, '127.0.0.1');
    await once(http, 'listening');
    return portOf(http);
  },
  publish(data) {
    io.to(CHANNEL).emit(EVENT, data);
  },
});
