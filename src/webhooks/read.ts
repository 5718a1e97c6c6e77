import { PushError, TimeoutError, ValidationError } from '../core/errors.js';
import { type BodyRules, bytesOf, readNodeStream, readWebStream } from '../web/body.js';
import type { JsonValue } from '../wire/message.js';
import type {
  HeadersLike,
  NodeRequestLike,
  RawWebhook,
  WebhookRequest,
  WebhookSource,
  WebRequestLike,
} from './source.js';

/**
 * Reads a webhook of any form: its headers, and its body to the byte.
 * @throws ValidationError when there is no body to be had as it came, saying what to do; TimeoutError when it takes too long
 */
export async function readWebhook(source: WebhookSource): Promise<WebhookRequest> {
  try {
    if (typeof source !== 'object' || source === null) throw noWebhook();
    return { headers: headersOf(source.headers), rawBody: await bodyOf(source) };
  } catch (error) {
    if (PushError.isPushError(error)) throw error;
    // Whatever an odd object throws when it is read.
    throw new ValidationError('The webhook could not be read.', { cause: error });
  }
}

function headersOf(headers: HeadersLike): WebhookRequest['headers'] {
  if (typeof headers !== 'object' || headers === null) throw noWebhook();
  const values = new Map<string, string>();
  for (const [name, value] of Symbol.iterator in headers ? headers : Object.entries(headers)) {
    if (typeof name !== 'string' || (typeof value !== 'string' && !Array.isArray(value))) continue;
    values.set(name.toLowerCase(), typeof value === 'string' ? value : value.join(', '));
  }
  return { get: (name) => values.get(name.toLowerCase()) ?? null };
}

async function bodyOf(source: WebhookSource): Promise<Uint8Array> {
  if (isWebRequest(source)) return webBodyOf(source);
  if (isNodeRequest(source)) return nodeBodyOf(source);
  const body = bytesOf((source as Partial<RawWebhook>).rawBody);
  if (body === undefined) throw noWebhook();
  return body;
}

function isWebRequest(source: WebhookSource): source is WebRequestLike {
  return 'bodyUsed' in source;
}

function isNodeRequest(source: WebhookSource): source is NodeRequestLike {
  return 'on' in source && typeof source.on === 'function';
}

async function webBodyOf({ body, bodyUsed }: WebRequestLike): Promise<Uint8Array> {
  if (bodyUsed || body?.locked)
    throw new ValidationError(
      'The body of this Request has been read already: pass the Request before anything else reads it, or { headers, rawBody }.',
    );
  return body === null ? new Uint8Array() : readWebStream(body, bodyRules);
}

async function nodeBodyOf(request: NodeRequestLike): Promise<Uint8Array> {
  const { rawBody, body, readableEnded, readableDidRead, destroyed } = request;
  const kept = bytesOf(rawBody) ?? bytesOf(body);
  if (kept !== undefined) return kept;
  if (!readableEnded && !readableDidRead) {
    if (destroyed) throw bodyRules.broken();
    return readNodeStream(request, bodyRules);
  }
  throw new ValidationError(
    typeof body === 'object' && body !== null
      ? "A body parser has read the webhook's body, and what it made of it cannot be verified: put the webhook's route before express.json(), or keep the raw body: express.json({ verify: (request, response, body) => { request.rawBody = body } })."
      : "The webhook's body has been read already: pass the request before anything else reads it, or { headers, rawBody }.",
  );
}

function noWebhook(): ValidationError {
  return new ValidationError(
    'A webhook is a web Request, a request of node:http, or { headers, rawBody }, where rawBody is the body as it came: a text or bytes.',
  );
}

/** What is taken of a webhook that is read from a stream. */
export const bodyRules: BodyRules = {
  // Pusher's largest have 20 events of up to 10 KiB of data each, whose quotes take two characters in JSON; one of PubNub's is this large
  // only where batching is set to many large messages.
  maxBytes: 1_048_576,
  // It comes from a server, in one piece.
  timeoutMs: 10_000,
  tooLarge: (maxBytes) =>
    new ValidationError(
      `The webhook's body is over ${maxBytes} bytes. Have the provider send fewer events at once, or read it yourself and pass { headers, rawBody }.`,
    ),
  tooLate: (timeoutMs) =>
    new TimeoutError(`The webhook's body did not arrive within ${timeoutMs} ms.`, { outcome: 'rejected' }),
  broken: (cause) => new ValidationError("The webhook's body ended too early: the connection was lost.", { cause }),
};

/** The JSON in a webhook that has been verified. @throws ValidationError when it is none */
export function jsonBody({ rawBody }: WebhookRequest, backend: string): JsonValue {
  try {
    return JSON.parse(Buffer.from(rawBody).toString()) as JsonValue;
  } catch (cause) {
    throw new ValidationError("The webhook's body is not JSON.", { backend, cause });
  }
}
