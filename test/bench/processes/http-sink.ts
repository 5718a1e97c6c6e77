import { once } from 'node:events';
import { createServer } from 'node:http';
import { answer } from './answer.ts';
import { portOf } from './port-of.ts';

/** A server that takes whatever it is sent, as Pusher's HTTP API does. */
export interface SinkCommands {
  listen(): Promise<number>;
}

const server = createServer((request, response) => {
  request.resume();
  request.on('end', () => response.setHeader('Content-Type', 'application/json').end('{}'));
});

answer<SinkCommands>({
  async listen() {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return portOf(server);
  },
});
