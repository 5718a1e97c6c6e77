import { subscribe } from 'node:diagnostics_channel';
import type { PushError } from '../../core/errors.js';
import { trackRequest } from '../contract/request-sent.js';
import { answerTooLong, type BegunAnswer, compressedAnswer, MAX_ANSWER_BYTES } from '../sdk/answer-size.js';
import type { ServiceAddress } from './sdk-client.js';

/**
 * The part of undici's events about a request that is read. Source:
 * https://undici.nodejs.org/#/docs/api/DiagnosticsChannel
 */
interface UndiciRequest {
  readonly path?: string;
}

/** A request of the SDK, while it is under way. */
interface WatchedRequest {
  readonly exchange: Exchange;
  /** To be called when it is sent. */
  readonly left: () => void;
  /** Length of its answer's body so far. */
  bytes: number;
}

/** The headers of an answer that are read. */
type AnswerHeaders = { [Part in 'encoding' | 'location' | 'retryAfter']?: string };

const headersToRead: ReadonlyMap<string, keyof AnswerHeaders> = new Map([
  ['content-encoding', 'encoding'],
  ['location', 'location'],
  ['retry-after', 'retryAfter'],
]);

/**
 * Learns status and headers of the requests that version 12 of the SDK makes by `fetch`, because the SDK's errors lack
 * them.
 * @param byId exchanges by the `requestid` in their address; a request that waited for a connection has lost its
 * asynchronous context
 */
export function watchUndici(byId: ReadonlyMap<string, Exchange>): void {
  const watched = new WeakMap<object, WatchedRequest>();
  subscribe('undici:request:create', (event) => {
    const { request } = event as { request: UndiciRequest };
    const exchange = byId.get(requestIdOf(request.path ?? ''));
    if (exchange !== undefined) watched.set(request, { exchange, left: trackRequest(exchange.signal), bytes: 0 });
  });
  subscribe('undici:client:sendHeaders', (event) => watched.get((event as { request: object }).request)?.left());
  subscribe('undici:request:headers', (event) => {
    const { request, response } = event as {
      request: object;
      response: { statusCode: number; headers: readonly (Buffer | string)[] };
    };
    const exchange = watched.get(request)?.exchange;
    if (exchange === undefined) return;
    const { encoding, location, retryAfter } = headersRead(response.headers);
    exchange.status = response.statusCode;
    exchange.retryAfter = retryAfter;
    const compressed = compressedAnswer(encoding, begunAnswer(exchange));
    if (compressed !== undefined) breakOff(exchange, compressed);
    // `fetch` would follow the redirect, and with some statuses make a GET of the POST.
    if (location === undefined || exchange.status < 300 || exchange.status >= 400) return;
    exchange.redirected = URL.canParse(location, exchange.origin)
      ? new URL(location, exchange.origin).origin
      : 'elsewhere';
    exchange.end?.();
  });
  subscribe('undici:request:error', (event) => {
    const { request, error } = event as { request: object; error: unknown };
    const known = watched.get(request);
    if (known !== undefined) known.exchange.failure = error;
  });
  subscribe('undici:request:bodyChunkReceived', (event) => {
    const { request, chunk } = event as { request: object; chunk: Uint8Array };
    const known = watched.get(request);
    if (known === undefined) return;
    known.bytes += chunk.length;
    if (known.bytes > MAX_ANSWER_BYTES) breakOff(known.exchange, answerTooLong(begunAnswer(known.exchange)));
  });
}

function begunAnswer({ origin, status }: Exchange): BegunAnswer {
  return { backend: 'pubnub', origin, status };
}

function breakOff(exchange: Exchange, error: PushError): void {
  exchange.brokenOff ??= error;
  exchange.end?.();
}

function requestIdOf(path: string): string {
  return /[?&]requestid=([^&]+)/.exec(path)?.[1] ?? '';
}

/** Reads the headers that matter, each the first time it comes. @param headers names and values in turn */
function headersRead(headers: readonly (Buffer | string)[]): AnswerHeaders {
  const read: AnswerHeaders = {};
  for (let index = 0; index + 1 < headers.length; index += 2) {
    const part = headersToRead.get(String(headers[index]).toLowerCase());
    if (part !== undefined) read[part] ??= String(headers[index + 1]);
  }
  return read;
}

/** One request of the SDK: the signal that ends it, and the facts about its answer. */
export interface Exchange extends ServiceAddress {
  /** Signal that ends the request, also in the middle of an answer's body. */
  readonly signal: AbortSignal;
  /** How long it takes until the signal fires, in milliseconds. */
  readonly timeout: number;
  /** Ends the request in both versions of the SDK; set while the request is under way. */
  end?: (() => void) | undefined;
  /** Status of the answer; 0 before there is one. */
  status: number;
  /** The header `Retry-After`. */
  retryAfter?: string | undefined;
  /** Origin that the service redirected the request to; the redirect was not followed. */
  redirected?: string;
  /** What went wrong below the SDK, whose error may leave out the reason. */
  failure?: unknown;
  /** The reason for which the answer was not read to its end. */
  brokenOff?: PushError;
  /** Whether the answer came with its whole body. */
  isComplete?: boolean;
  /** The answer's body, if it is JSON. */
  answer?: unknown;
}

export function newExchange(signal: AbortSignal, timeout: number, address: ServiceAddress): Exchange {
  return { signal, timeout, ...address, status: 0 };
}
