import { createServer } from 'node:http';
import { createPushService } from 'pushrail';
import { WebSocketService } from 'pushrail/backends/websocket';
import { createPushHandler, toNodeHandler } from 'pushrail/http';
import { listen } from '../../support/ports.ts';
import { answer } from './answer.ts';
import type { HttpServerCommands } from './bare-http.ts';
import { cpuSeconds } from './usage.ts';

/** What a web application serves with pushrail: the embedded server, the push handler, and a webhook of its own. */
const backend = new WebSocketService({ appId: 'bench', pubKey: 'bench', secretKey: 'bench-secret' });
const service = createPushService({ backend });
service.authorize('private-{name}', () => true);
const push = toNodeHandler(createPushHandler(service, { authenticate: () => 'ann' }));

const server = createServer((request, response) => {
  if (request.url !== '/webhook') return void push(request, response);
  service
    .webhook(request, async () => {})
    .then(
      () => response.end('{}'),
      (error: unknown) => response.writeHead(500).end(String(error)),
    );
});
// Longer than the clients of one contestant wait while the others are measured.
server.keepAliveTimeout = 300_000;
backend.attach(server);

answer<HttpServerCommands>({
  async listen() {
    await service.ready();
    return listen(server);
  },
  cpuSeconds,
});
