import { AsyncLocalStorage } from 'node:async_hooks';
import { subscribe } from 'node:diagnostics_channel';
import type { ClientRequest, IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { DeliveryError } from '../../core/report.js';
import { untilAborted } from '../../core/until-aborted.js';
import { trackRequest } from '../contract/request-sent.js';
import { limitAnswer, UNCOMPRESSED } from './answer-size.js';

/** The terms of one call of an SDK, for all requests that the SDK makes to its provider meanwhile. */
export interface SdkCall {
  /** The backend's name, for errors. */
  readonly backend: string;
  /** Ends the requests, even in the middle of an answer's body. */
  readonly signal?: AbortSignal | undefined;
  /** Scheme, host and port of the provider, such as `https://api.pusherapp.com`. */
  readonly origin: string;
  /** Called with each of the SDK's own requests before it is sent. */
  readonly prepare?: (request: ClientRequest) => void;
  /** Called with each answer when its headers have arrived, because SDKs drop `Retry-After`. MUST NOT read the body. */
  readonly onResponse?: (response: IncomingMessage) => void;
}

/** An answer that leads elsewhere. */
export interface Redirection {
  /** Scheme, host and port of the new address. */
  readonly origin: string;
  readonly status: number | undefined;
}

interface RunningCall extends SdkCall {
  /** The address that the provider redirected the request to. */
  redirected?: Redirection;
  /** Set when the call has ended. Later requests in its context, such as a tracer's, are not the SDK's. */
  isOver?: true;
  /** Ends the call. */
  readonly fail: (error: Error) => void;
}

const running = new AsyncLocalStorage<RunningCall>();
let isWatching = false;

/**
 * Calls an SDK on `node:http` that cannot be cancelled, and that follows redirects. A redirect would take the keys
 * elsewhere, or turn a POST into a GET. Node announces each request within the call, so this function can cancel it,
 * also when an answer is too long.
 * Source: https://nodejs.org/api/diagnostics_channel.html#http, `http.client.request.created`, since Node 22.12.
 * @throws DeliveryError when the provider redirects, or its answer is too long; whatever `work` throws
 */
export async function callSdk<Result>(call: SdkCall, work: () => Promise<Result>): Promise<Result> {
  if (!isWatching) {
    isWatching = true;
    subscribe('http.client.request.created', (message) => watch((message as { request: ClientRequest }).request));
  }
  call.signal?.throwIfAborted();
  const failed = Promise.withResolvers<never>();
  failed.promise.catch(() => {});
  const state: RunningCall = { ...call, fail: failed.reject };
  let result: Result;
  try {
    // The SDK would wait for ever for a failure that it does not notice.
    const first = running.run(state, () => Promise.race([work(), failed.promise]));
    result = await untilAborted(first, call.signal, ({ reason }) => reason as Error);
  } catch (error) {
    if (state.redirected === undefined) throw error;
    throw redirection(state.redirected, call.backend);
  } finally {
    state.isOver = true;
  }
  if (state.redirected !== undefined) throw redirection(state.redirected, call.backend);
  return result;
}

/** Reads a redirect. @param location the header `Location` @param origin scheme, host and port that were asked */
export function redirectionTo(location: string, origin: string, status: number | undefined): Redirection {
  return { origin: URL.canParse(location, origin) ? new URL(location, origin).origin : 'somewhere else', status };
}

/** Makes the error for a redirect, which no backend follows. */
export function redirection({ origin, status }: Redirection, backend: string): DeliveryError {
  const text = `The provider redirected the request to ${origin}, and pushrail does not follow redirects. Check the host in the settings.`;
  // 303 means that the request was carried out. Source: RFC 9110, 15.4.4
  return new DeliveryError(text, { backend, outcome: status === 303 ? 'unknown' : 'rejected' });
}

/**
 * Controls the SDK's requests to its provider, and its requests to a proxy for a tunnel. All others belong to an agent
 * or a tracer.
 */
function watch(request: ClientRequest): void {
  const call = running.getStore();
  if (call === undefined) return;
  const { signal } = call;
  if (call.isOver && !signal?.aborted) return;
  if (request.method !== 'CONNECT') {
    if (!goesTo(call.origin, request)) return;
    prepare(request, call);
  }
  // An SDK may stop listening once the answer has begun, and an error without a listener would end the process.
  request.on('error', () => {});
  if (signal === undefined) return;
  const end = (): void => void request.destroy(new Error('the call was ended'));
  if (signal.aborted) end();
  signal.addEventListener('abort', end);
  request.once('close', () => signal.removeEventListener('abort', end));
}

function prepare(request: ClientRequest, call: RunningCall): void {
  if (call.signal !== undefined) watchSending(request, call.signal);
  request.setHeader(UNCOMPRESSED.name, UNCOMPRESSED.value);
  call.prepare?.(request);
  request.prependOnceListener('response', (response) => {
    // Without the header, an SDK cannot follow the redirect.
    const { headers, statusCode: status } = response;
    const { location } = headers;
    if (location !== undefined && isRedirection(status)) {
      call.redirected = redirectionTo(location, call.origin, status);
      delete headers.location;
    }
    limitAnswer(request, response, call, call.fail);
    // On Node 22, node-fetch does not notice a body that breaks off.
    response.once('close', () => {
      if (!response.complete) call.fail(Object.assign(new Error('the connection was lost'), { code: 'ECONNRESET' }));
    });
    call.onResponse?.(response);
  });
}

/** Whether a status, together with a header `Location`, is a redirect. */
export function isRedirection(status = 0): boolean {
  return status >= 300 && status < 400;
}

function goesTo(origin: string, request: ClientRequest): boolean {
  const found = `${request.protocol}//${String(request.getHeader('host') ?? request.host)}`;
  return found === origin || (URL.canParse(found) && new URL(found).origin === origin);
}

/** Notes when a request is sent: as soon as its connection is open, TLS included. */
export function watchSending(request: ClientRequest, signal: AbortSignal): void {
  const left = trackRequest(signal);
  request.once('socket', (socket: Socket) => {
    // The types of TLS sockets lack this property.
    const isShakingHands = Reflect.get(socket, 'secureConnecting') === true;
    if (isShakingHands) socket.once('secureConnect', left);
    else if (socket.connecting) socket.once('connect', left);
    else left();
  });
}
