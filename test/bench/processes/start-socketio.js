// The smallest application with socket.io.
import { createServer } from 'node:http';
import { Server } from 'socket.io';

const server = createServer((_request, response) => response.end());
new Server(server);
server.listen(0, '127.0.0.1', () => {
  process.send({ cpu: process.cpuUsage(), rss: process.memoryUsage.rss() });
});
