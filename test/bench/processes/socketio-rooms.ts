import { listen } from '../../support/ports.ts';
import { roomsOf, serveRooms } from './room-commands.ts';
import { EVENT } from './server-commands.ts';
import { http, io } from './socketio-on-http.ts';

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
