import { PushError, TimeoutError, ValidationError } from '../core/errors.js';
import { type BodyRules, bytesOf, readNodeStream, readWebStream } from '../web/body.js';
import type { JsonValue } from '../wire/message.js';
import type {
  HeadersLike,
  NodeRequestLike,
  RawWebhook,
  WebhookHeaders,
  WebhookRequest,
  WebhookSource,
  WebRequestLike,
} from './source.js';

/** The limits of a webhook's body that is read from a stream. */
export const bodyRules: BodyRules = {
  // Pusher's largest webhook has 20 events with up to 10 KiB of data each, and its quotes take two characters in JSON.
  // PubNub's reach this size only when batching is set to many large messages.
  maxBytes: 1_048_576,
  // A server sends it in one piece.
  timeoutMs: 10_000,
  tooLarge: (maxBytes) =>
    new ValidationError(
      `The webhook's body is over ${maxBytes} bytes. Make the provider send fewer events at once, or read the body yourself and pass { headers, rawBody }.`,
    ),
  tooLate: (timeoutMs) =>
    new TimeoutError(`The webhook's body did not arrive within ${timeoutMs} ms.`, { outcome: 'rejected', status: 408 }),
  broken: (cause) => new ValidationError("The webhook's body ended too early: the connection was lost.", { cause }),
};

/**
 * Reads the headers and the exact bytes of a webhook, from any kind of request.
 * @param check checks the headers. The body is not read before it has passed them
 * @throws ValidationError when the bytes are not there any more; the error says how to keep them
 * @throws TimeoutError with the status 408 when the body does not arrive in time
 * @throws whatever `check` throws
 */
export async function readWebhook(
  source: WebhookSource,
  check?: (headers: WebhookHeaders) => void,
): Promise<WebhookRequest> {
  try {
    if (typeof source !== 'object' || source === null) throw noWebhook();
    const headers = headersOf(source.headers);
    check?.(headers);
    return { headers, rawBody: await bodyOf(source) };
  } catch (error) {
    if (PushError.isPushError(error)) throw error;
    // A getter of the object has thrown, or the check itself has failed.
    throw new ValidationError('The webhook could not be read.', { cause: error });
  }
}

/** Parses the body of a verified webhook. @throws ValidationError when it is not JSON */
export function jsonBody({ rawBody }: WebhookRequest, backend: string): JsonValue {
  try {
    return JSON.parse(Buffer.from(rawBody).toString()) as JsonValue;
  } catch (cause) {
    throw new ValidationError("The webhook's body is not JSON.", { backend, cause });
  }
}

function headersOf(headers: HeadersLike): WebhookHeaders {
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
      'The body of this Request has been read already: pass the Request before anything else reads it, or pass { headers, rawBody }.',
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
      ? "A body parser has read the webhook's body, and only the raw body can be verified: put the webhook's route before express.json(), or keep the raw body: express.json({ verify: (request, response, body) => { request.rawBody = body } })."
      : "The webhook's body has been read already: pass the request before anything else reads it, or pass { headers, rawBody }.",
  );
}

function noWebhook(): ValidationError {
  return new ValidationError(
    'webhook() takes a web Request, a request of node:http, or { headers, rawBody }, where rawBody is the unchanged body as a string or bytes.',
  );
}
