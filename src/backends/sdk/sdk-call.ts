import { AsyncLocalStorage } from 'node:async_hooks';
import { subscribe } from 'node:diagnostics_channel';
import type { ClientRequest, IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { DeliveryError } from '../../core/report.js';
import { untilAborted } from '../../core/until-aborted.js';
import { trackRequest } from '../contract/request-sent.js';

/** What holds for the requests that an SDK makes of its provider during one call. */
export interface SdkCall {
  /** The backend's name, for errors. */
  readonly backend: string;
  /** Ends the requests, also in the middle of an answer's body. */
  readonly signal?: AbortSignal | undefined;
  /** Where they go, as in `https://api.pusherapp.com`. */
  readonly origin: string;
  /** Gets each of the SDK's own requests before it is sent. */
  readonly prepare?: (request: ClientRequest) => void;
  /** Gets each answer when its headers have come: SDKs drop `Retry-After`. MUST NOT read the body. */
  readonly onResponse?: (response: IncomingMessage) => void;
}

interface Redirection {
  /** As in `https://api.pusherapp.com`. */
  readonly origin: string;
  readonly status: number | undefined;
}

interface RunningCall extends SdkCall {
  /** Where the provider would have had the request go. */
  redirected?: Redirection;
  /** What goes on in the call's context afterwards, such as a tracer's timer, is not the SDK's. */
  isOver?: true;
  /** Ends the call. */
  readonly fail: (error: Error) => void;
}

const running = new AsyncLocalStorage<RunningCall>();
let isWatching = false;

/**
 * Calls an SDK that speaks `node:http` and can neither be cancelled nor told not to follow redirects, which would take the keys
 * elsewhere or turn a POST into a GET. Node announces each request that is made within the call, where we can end it.
 * Source: https://nodejs.org/api/diagnostics_channel.html#http, `http.client.request.created`, since Node 22.12.
 * @throws DeliveryError when the provider redirects; what `work` throws
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
    // What the SDK does not hear of, it would wait for.
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

function redirection({ origin, status }: Redirection, backend: string): DeliveryError {
  const text = `The provider redirected the request to ${origin}, and that was not followed: is the host right?`;
  // 303 says that the request was carried out. Source: RFC 9110, 15.4.4
  return new DeliveryError(text, { backend, outcome: status === 303 ? 'unknown' : 'rejected' });
}

/**
 * Takes the SDK's requests in hand, which go to the provider, and those to a proxy for a tunnel. Any other is an agent's or a tracer's own.
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
  // An SDK may listen no more once the answer has begun; an error that nobody hears would end the process.
  request.on('error', () => {});
  if (signal === undefined) return;
  const end = (): void => void request.destroy(new Error('the call was ended'));
  if (signal.aborted) end();
  signal.addEventListener('abort', end);
  request.once('close', () => signal.removeEventListener('abort', end));
}

function prepare(request: ClientRequest, call: RunningCall): void {
  if (call.signal !== undefined) watchSending(request, call.signal);
  call.prepare?.(request);
  request.prependOnceListener('response', (response) => {
    // Without the address there is nothing that an SDK could follow.
    const { headers, statusCode: status } = response;
    const { location } = headers;
    if (location !== undefined && isRedirection(status)) {
      const { origin } = call;
      const target = URL.canParse(location, origin) ? new URL(location, origin).origin : 'somewhere else';
      call.redirected = { origin: target, status };
      delete headers.location;
    }
    // On Node 22, node-fetch hears nothing of a body that breaks off.
    response.once('close', () => {
      if (!response.complete) call.fail(Object.assign(new Error('the connection was lost'), { code: 'ECONNRESET' }));
    });
    call.onResponse?.(response);
  });
}

function isRedirection(status = 0): boolean {
  return status >= 300 && status < 400;
}

function goesTo(origin: string, request: ClientRequest): boolean {
  const found = `${request.protocol}//${String(request.getHeader('host') ?? request.host)}`;
  return found === origin || (URL.canParse(found) && new URL(found).origin === origin);
}

/** Notes when a request leaves: as soon as it has a connection that is made, TLS included. */
export function watchSending(request: ClientRequest, signal: AbortSignal): void {
  const left = trackRequest(signal);
  request.once('socket', (socket: Socket) => {
    // Of TLS sockets; the types do not know it.
    const isShakingHands = Reflect.get(socket, 'secureConnecting') === true;
    if (isShakingHands) socket.once('secureConnect', left);
    else if (socket.connecting) socket.once('connect', left);
    else left();
  });
}

/** Keeps a secret that an SDK's object holds out of what `inspect` and `JSON.stringify` show; the SDK goes on using it. */
export function hideProperty(owner: unknown, key: string): void {
  if (typeof owner === 'object' && owner !== null && Object.hasOwn(owner, key))
    Object.defineProperty(owner, key, { enumerable: false });
}
