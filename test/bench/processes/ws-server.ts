import { createServer } from 'node:http';
import { WebSocketServer } from 'ws';
import { listen } from '../../support/ports.ts';
import { CHANNEL, EVENT, serve } from './server-commands.ts';

/** The broadcast of the `ws` package's own documentation: one `send` for each client, of the same text that ours sends. */
const http = createServer();
const server = new WebSocketServer({ server: http, perMessageDeflate: false });

serve({
  listen: () => listen(http),
  publish(data) {
    const text = JSON.stringify({ event: EVENT, channel: CHANNEL, data: JSON.stringify(data) });
    for (const client of server.clients) client.send(text);
  },
});
