import type { IncomingMessage, ServerResponse } from 'node:http';
import { createRequest, sendResponse } from '@remix-run/node-fetch-server';
import { isRecord } from '../wire/is-record.js';
import { json } from './answers.js';
import type { PushHandler } from './push-handler.js';
import type { NodeRequestParts, RequestSession } from './request.js';

/**
 * A handler for `http.createServer`, Express, Connect and the raw requests of Fastify. It takes an `IncomingMessage`
 * and a `ServerResponse`; the types say `object`, so that they need no types of another package.
 */
export type NodeHandler = (request: object, response: object) => Promise<void>;

/**
 * Makes a Node handler from a push handler. It also works after a body parser: it takes the fields that the parser
 * left, and the raw bytes when the application kept them.
 * @example
 * const handler = createPushHandler(PushService, { authenticate });
 * app.use('/push', toNodeHandler(handler)); // Express, before express.json()
 */
export function toNodeHandler(handler: PushHandler): NodeHandler {
  return async (request, target) => {
    const response = target as ServerResponse;
    const answer = await answerTo(request, response, handler);
    if (!response.destroyed) await sendResponse(response, answer).catch(() => response.destroy());
  };
}

/**
 * Answers a request of Node's.
 * @param request an `IncomingMessage`
 * @param response its `ServerResponse`
 * @param pushSession the push session of the request, when it is not a property of it
 */
export async function answerTo(
  request: object,
  response: object,
  handler: PushHandler,
  pushSession?: RequestSession,
): Promise<Response> {
  const node = request as NodeRequestParts;
  const incoming = request as IncomingMessage;
  let asked: Request;
  try {
    asked = createRequest(incoming, response as ServerResponse);
    if (node.readableEnded && asked.body !== null) asked = await withBody(asked, node);
  } catch {
    return json({ error: 'The address of the request is not valid.' }, 400);
  }
  const answer = await handler(asked, { node, pushSession });
  dropBody(asked, incoming);
  return answer;
}

/** Discards the part of the body that nobody has read. Until then, the connection cannot read its next request. */
function dropBody({ body }: Request, incoming: IncomingMessage): void {
  // A locked body has a reader, which has read or cancelled it.
  if (body?.locked === false) body.cancel().catch(() => {});
  incoming.resume();
}

/** A request with the body that a parser has read; with one that is used up when the parser has left nothing of it. */
async function withBody(incoming: Request, { body, rawBody }: NodeRequestParts): Promise<Request> {
  const { url, method, headers } = incoming;
  const raw = [rawBody, body].find((value) => typeof value === 'string' || value instanceof Uint8Array);
  if (raw !== undefined) return new Request(url, { method, headers, body: raw as string | Uint8Array<ArrayBuffer> });
  if (isLost(body, headers)) {
    const spent = new Request(url, { method, headers, body: '' });
    await spent.text();
    return spent;
  }
  const own = new Headers(headers);
  own.set('Content-Type', 'application/json');
  own.delete('Content-Length');
  return new Request(url, { method, headers: own, body: JSON.stringify(body ?? {}) });
}

/**
 * Whether a request had a body, and no parser has left it here. Some leave an empty object for what they do not know.
 */
function isLost(body: unknown, headers: Headers): boolean {
  const hadBody = Number(headers.get('content-length') ?? 0) > 0 || headers.has('transfer-encoding');
  const isEmpty = isRecord(body) && Object.keys(body).length === 0;
  const isJson = /^application\/json\b/i.test(headers.get('content-type') ?? '');
  return hadBody && (body === undefined || body === null || (isEmpty && !isJson));
}
