import { listen } from '../../support/ports.ts';
import { eventFrame, http, sockets } from './bare-sockets.ts';
import { CHANNEL, serve } from './server-commands.ts';

/** A loop that writes one ready-made frame to each raw socket. */
const frames = new Map<object, Buffer>();

serve({
  listen: () => listen(http),
  publish(data) {
    let frame = frames.get(data);
    if (frame === undefined) {
      frame = eventFrame(CHANNEL, data);
      frames.clear();
      frames.set(data, frame);
    }
    for (const socket of sockets) socket.write(frame);
  },
});
