import type { IncomingMessage, ServerResponse } from 'node:http';
import { createRequest, sendResponse } from '@remix-run/node-fetch-server';
import { json } from './json-answer.js';
import type { PushHandler } from './push-handler.js';
import type { NodeRequest } from './push-request.js';

/** A handler for `http.createServer`, Express, Connect and Fastify's raw requests. */
export type NodeHandler = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

/** The Node form of a push handler. Where a body parser came first, it goes by what that has left: fields, and the bytes if they were kept. */
export function toNodeHandler(handler: PushHandler): NodeHandler {
  return async (request, response) => {
    const answer = await answerTo(request as NodeRequest, response, handler);
    if (!response.destroyed) await sendResponse(response, answer).catch(() => response.destroy());
  };
}

async function answerTo(node: NodeRequest, response: ServerResponse, handler: PushHandler): Promise<Response> {
  let request: Request;
  try {
    request = webRequest(node, response);
  } catch {
    return json({ error: 'The address of the request cannot be read.' }, 400);
  }
  return handler(request, { node });
}

function webRequest(node: NodeRequest, response: ServerResponse): Request {
  const request = createRequest(node, response);
  return node.readableEnded && request.body !== null ? withBody(request, node) : request;
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
