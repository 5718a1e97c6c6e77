import type { Duplex } from 'node:stream';
import { listen } from '../../support/ports.ts';
import { eventFrame, http, sockets } from './bare-sockets.ts';
import { roomsOf, serveRooms } from './room-commands.ts';

/** Writes a frame to the raw socket of a room. */
const rooms = new Map<string, Duplex>();

serveRooms({
  listen: () => listen(http),
  join(share) {
    for (const [client, socket] of sockets.entries())
      for (const room of roomsOf(client, share)) rooms.set(room, socket);
  },
  publish(room, data) {
    rooms.get(room)?.write(eventFrame(room, data));
  },
});
