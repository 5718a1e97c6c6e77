import { createServer } from 'node:http';
import { Server } from 'socket.io';
import { listen } from '../../support/ports.ts';
import { roomsOf, serveRooms } from './room-commands.ts';
import { EVENT } from './server-commands.ts';

const http = createServer();
const io = new Server(http, {
  transports: ['websocket'],
  perMessageDeflate: false,
  httpCompression: false,
  serveClient: false,
});

serveRooms({
  listen: () => listen(http),
  async join(share) {
    let client = 0;
    for (const socket of io.sockets.sockets.values()) await socket.join([...roomsOf(client++, share)]);
  },
  publish(room, data) {
    io.to(room).emit(EVENT, data);
  },
});
