// The smallest application with pushrail's embedded server. In JavaScript, because an application is: a process that
// takes types away from its files first starts later.
import { createServer } from 'node:http';
import { PushService } from 'pushrail';
import { WebSocketService } from 'pushrail/backends/websocket';

const backend = new WebSocketService({ appId: 'bench', pubKey: 'bench', secretKey: 'bench-secret' });
PushService.configure({ backend });
const server = createServer((_request, response) => response.end());
backend.attach(server);
server.listen(0, '127.0.0.1', () => {
  process.send({ cpu: process.cpuUsage(), rss: process.memoryUsage.rss() });
});
