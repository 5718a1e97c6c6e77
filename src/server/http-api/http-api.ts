import type { IncomingMessage, ServerResponse } from 'node:http';
import { outcomeOf, PushError } from '../../core/errors.js';
import type { Logger } from '../../core/logger.js';
import { readNodeStream } from '../../web/body.js';
import { HttpError, httpBodyRules } from '../../web/http-error.js';
import { answer } from '../answer.js';
import type { App } from '../app.js';
import { findEndpoint } from './endpoints.js';
import { checkBody, checkSignature } from './request-signature.js';

/** Bytes of a body beside the data and the names: JSON's own characters, and what an SDK adds. */
const BODY_OVERHEAD_BYTES = 16_384;
/** Bytes that a character takes at most within the body's JSON: six in `\u0022`, as some SDKs write a quote. */
const MAX_ESCAPED_BYTES = 6;
const NO_BODY = Buffer.alloc(0);

/** The Channels HTTP API, as Pusher's server SDKs call it: `/apps/:id/…`, each request signed. */
export class HttpApi {
  readonly #apps: ReadonlyMap<string, App>;
  readonly #requestTimeoutMs: number;
  readonly #logger: () => Logger;

  /**
   * @param apps by their ids
   * @param requestTimeoutMs how long a body may take to arrive
   * @param logger returns a logger that must not throw
   */
  constructor(apps: ReadonlyMap<string, App>, requestTimeoutMs: number, logger: () => Logger) {
    this.#apps = apps;
    this.#requestTimeoutMs = requestTimeoutMs;
    this.#logger = logger;
  }

  /** Answers a request. Never throws. */
  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      answer(response, 200, 'application/json', JSON.stringify(await this.#answer(request)));
    } catch (error) {
      const { status, message, headers } = this.#refusal(error);
      answer(response, status, 'text/plain; charset=utf-8', message, headers);
    }
  }

  /**
   * Makes the answer for an error. Whoever asks has to tell what was not done from what may have been done: 503 means
   * the first, as for the backend `remote`, and every other 5xx the second.
   */
  #refusal(error: unknown): HttpError {
    if (error instanceof HttpError) return error;
    if (PushError.isPushError(error)) return new HttpError(outcomeOf(error) === 'rejected' ? 503 : 504, error.message);
    this.#logger().error({ err: error }, 'websocket: a request to the HTTP API failed');
    return new HttpError(500, 'The server failed.');
  }

  async #answer(request: IncomingMessage): Promise<object> {
    const [path = '', query = ''] = split(request.url ?? '', '?');
    const method = request.method ?? '';
    const [root, appId = '', ...segments] = segmentsOf(path);
    const app = root === 'apps' ? this.#apps.get(appId) : undefined;
    const endpoint = findEndpoint(segments);
    if (app === undefined || endpoint === undefined) {
      throw new HttpError(
        404,
        app === undefined && root === 'apps'
          ? 'There is no application with this id.'
          : 'There is nothing at this address.',
      );
    }
    if (method !== endpoint.method)
      throw new HttpError(405, `This address takes ${endpoint.method} only.`, { Allow: endpoint.method });
    const parameters = checkSignature({ method, path, query }, app.settings);
    if (app.settings.enabled === false) throw new HttpError(403, 'The application is disabled.');
    const body = method === 'POST' ? await readBody(request, maxBodyBytes(app), this.#requestTimeoutMs) : NO_BODY;
    checkBody(parameters, body);
    return endpoint.answer({ app, parameters, body: parseBody(body) });
  }
}

function split(text: string, separator: string): readonly [string, string] {
  const index = text.indexOf(separator);
  return index === -1 ? [text, ''] : [text.slice(0, index), text.slice(index + 1)];
}

function segmentsOf(path: string): readonly string[] {
  const segments = path.replace(/^\/|\/$/g, '').split('/');
  if (!path.includes('%')) return segments;
  try {
    return segments.map(decodeURIComponent);
  } catch {
    throw new HttpError(400, 'The percent-encoding of the address is broken.');
  }
}

function parseBody(body: Uint8Array): unknown {
  if (body.length === 0) return undefined;
  try {
    return JSON.parse(Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString());
  } catch {
    throw new HttpError(400, 'The body is not JSON.');
  }
}

/** Size of the largest body that an application may be sent: one event to many channels, or a batch of events. */
function maxBodyBytes({ limits }: App): number {
  const { maxEventsPerBatch, maxChannelsPerEvent, maxEventBytes, maxEventNameLength, maxChannelNameLength } = limits;
  const event = maxEventBytes + maxEventNameLength + maxChannelNameLength;
  return (
    MAX_ESCAPED_BYTES * maxEventsPerBatch * event + 2 * maxChannelsPerEvent * maxChannelNameLength + BODY_OVERHEAD_BYTES
  );
}

/**
 * Reads a request's body.
 * @throws HttpError 413 when it is too large, by its `Content-Length` already; 408 when it takes too long; 400 when it
 * breaks off
 */
function readBody(request: IncomingMessage, maxBytes: number, timeoutMs: number): Promise<Uint8Array> {
  const rules = httpBodyRules(maxBytes, timeoutMs);
  if (Number(request.headers['content-length'] ?? 0) > maxBytes) throw rules.tooLarge(maxBytes);
  return readNodeStream(request, rules);
}
