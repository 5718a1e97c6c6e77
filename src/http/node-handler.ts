import type { IncomingMessage, ServerResponse } from 'node:http';
import { createRequest, sendResponse } from '@remix-run/node-fetch-server';
import { json } from './answers.js';
import type { PushHandler } from './push-handler.js';
import type { NodeRequest } from './request.js';

/**
 * A handler for `http.createServer`, Express, Connect and Fastify's raw requests: an `IncomingMessage` and a `ServerResponse`, which are not
 * named here so that these types need those of no other package.
 */
export type NodeHandler = (request: object, response: object) => Promise<void>;

/** The Node form of a push handler. Where a body parser came first, it goes by what that has left: fields, and the bytes if they were kept. */
export function toNodeHandler(handler: PushHandler): NodeHandler {
  return async (request, target) => {
    const response = target as ServerResponse;
    const answer = await answerTo(request as IncomingMessage, response, handler);
    if (!response.destroyed) await sendResponse(response, answer).catch(() => response.destroy());
  };
}

async function answerTo(incoming: IncomingMessage, response: ServerResponse, handler: PushHandler): Promise<Response> {
  const node = incoming as object as NodeRequest;
  let request: Request;
  try {
    request = createRequest(incoming, response);
    if (node.readableEnded && request.body !== null) request = withBody(request, node);
  } catch {
    return json({ error: 'The address of the request cannot be read.' }, 400);
  }
  const answer = await handler(request, { node });
  dropBody(request, incoming);
  return answer;
}

/** Lets go of what nobody has read of the body: until it is out of the way, the connection does not get to its next request. */
function dropBody({ body }: Request, incoming: IncomingMessage): void {
  // Where it is locked, it was read, or its reader has let go of it.
  if (body?.locked === false) body.cancel().catch(() => {});
  incoming.resume();
}

/** The request with the body that was read before. */
function withBody({ url, method, headers }: Request, { body, rawBody }: NodeRequest): Request {
  const raw = [rawBody, body].find((value) => typeof value === 'string' || value instanceof Uint8Array);
  if (raw !== undefined) return new Request(url, { method, headers, body: raw as string | Uint8Array<ArrayBuffer> });
  const text = JSON.stringify(body ?? {});
  const own = new Headers(headers);
  own.set('Content-Type', 'application/json');
  own.delete('Content-Length');
  return new Request(url, { method, headers: own, body: text });
}
