import { createServer, type Server as HttpServer } from 'node:http';
import { Server } from 'socket.io';

/** socket.io at its fastest: WebSockets alone, and nothing compressed. */
export const http: HttpServer = createServer();
export const io: Server = new Server(http, {
  transports: ['websocket'],
  perMessageDeflate: false,
  httpCompression: false,
  serveClient: false,
});
