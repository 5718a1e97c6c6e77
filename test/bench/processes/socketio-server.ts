import { listen } from '../../support/ports.ts';
import { CHANNEL, EVENT, serve } from './server-commands.ts';
import { http, io } from './socketio-on-http.ts';

io.on('connection', (socket) => void socket.join(CHANNEL));

serve({
  listen: () => listen(http),
  publish(data) {
    io.to(CHANNEL).emit(EVENT, data);
  },
});
