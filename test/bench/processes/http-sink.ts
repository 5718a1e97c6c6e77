import { createServer } from 'node:http';
import { listen } from '../../support/ports.ts';
import { answer } from './answer.ts';

/** A server that takes whatever it is sent, as Pusher's HTTP API does. */
export interface SinkCommands {
  listen(): Promise<number>;
}

const server = createServer((request, response) => {
  request.resume();
  request.on('end', () => response.setHeader('Content-Type', 'application/json').end('{}'));
});

answer<SinkCommands>({
  listen: () => listen(server),
});
