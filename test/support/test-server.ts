import { createServer, type RequestListener, type Server } from 'node:http';
import type { Server as TlsServer } from 'node:https';
import { onTestFinished } from 'vitest';
import { listen } from './ports.js';

/** Lets a server listen until the end of the test, when its connections are closed with it. @returns its port */
export async function listenInTest(server: Server | TlsServer): Promise<number> {
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  return listen(server);
}

/** An HTTP server for one test. @returns its port */
export function serve(listener: RequestListener): Promise<number> {
  return listenInTest(createServer(listener));
}
