import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { listenInTest } from '../support/test-server.js';

/** A request for an authorisation, as it came in. */
export interface AuthServerRequest {
  readonly method: string | undefined;
  readonly path: string | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly form: URLSearchParams;
}

/** An application that is asked for authorisations, for as long as a test lasts. */
export interface AuthServer {
  readonly origin: string;
  readonly requests: AuthServerRequest[];
}

/**
 * @param answer what to answer: an object as JSON, with its status and headers as keys, a number as a status alone,
 * 'reset' for a connection that breaks off, or undefined for nothing at all
 */
export async function startAuthServer(
  answer: (request: AuthServerRequest) => unknown | Promise<unknown>,
): Promise<AuthServer> {
  const requests: AuthServerRequest[] = [];
  const server = createServer(async (incoming: IncomingMessage, response: ServerResponse) => {
    const form = new URLSearchParams(await text(incoming));
    const request = { method: incoming.method, path: incoming.url, headers: incoming.headers, form };
    requests.push(request);
    const said = await answer(request);
    if (said === undefined) return;
    if (said === 'reset') incoming.socket.resetAndDestroy();
    else if (typeof said === 'number') response.writeHead(said).end();
    else {
      const { status = 200, headers = {}, ...body } = said as { status?: number; headers?: Record<string, string> };
      response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
    }
  });
  return { origin: `http://127.0.0.1:${await listenInTest(server)}`, requests };
}
