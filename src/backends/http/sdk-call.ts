import { AsyncLocalStorage } from 'node:async_hooks';
import { subscribe } from 'node:diagnostics_channel';
import type { ClientRequest, IncomingMessage } from 'node:http';
import { DeliveryError } from '../../delivery-error.js';
import { untilAborted } from '../../until-aborted.js';

/** What holds for the requests that an SDK makes during one call. */
export interface SdkCall {
  /** The backend's name, for errors. */
  readonly backend: string;
  /** Ends the requests, also in the middle of an answer's body. */
  readonly signal?: AbortSignal | undefined;
  /** Where they may go, as in `https://api.pusherapp.com`. */
  readonly origin: string;
  /** Gets each request before it is sent. */
  readonly prepare?: (request: ClientRequest) => void;
  /** Gets each answer when its headers have come: SDKs drop `Retry-After`. MUST NOT read the body. */
  readonly onResponse?: (response: IncomingMessage) => void;
}

interface RunningCall extends SdkCall {
  /** Where the provider would have had the request go. */
  redirected?: string;
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
  }
  if (state.redirected !== undefined) throw redirection(state.redirected, call.backend);
  return result;
}

function redirection(origin: string, backend: string): DeliveryError {
  const text = `The provider redirected the request to ${origin}, and that was not followed: is the host right?`;
  return new DeliveryError(text, { backend, outcome: 'rejected' });
}

function watch(request: ClientRequest): void {
  const call = running.getStore();
  if (call === undefined) return;
  // A request to a proxy for a tunnel has the target's authority as its path, and is not the SDK's own.
  if (request.method !== 'CONNECT' && !isLetThrough(request, call)) return;
  const { signal } = call;
  if (signal === undefined) return;
  // An SDK may listen no more once the answer has begun; an error that nobody hears would end the process.
  request.on('error', () => {});
  const end = (): void => void request.destroy(new Error('the call was ended'));
  if (signal.aborted) end();
  signal.addEventListener('abort', end);
  request.once('close', () => signal.removeEventListener('abort', end));
}

/** Prepares a request of the SDK's own, unless it goes elsewhere. */
function isLetThrough(request: ClientRequest, call: RunningCall): boolean {
  const origin = originOf(request);
  if (origin !== call.origin) {
    call.redirected = origin;
    request.destroy(new Error('a redirect to another host is not followed'));
    return false;
  }
  call.prepare?.(request);
  request.prependOnceListener('response', (response) => {
    // Without the address there is nothing that an SDK could follow.
    const { location } = response.headers;
    if (location !== undefined && isRedirection(response.statusCode)) {
      call.redirected = URL.canParse(location, origin) ? new URL(location, origin).origin : 'somewhere else';
      delete response.headers.location;
    }
    // On Node 22, node-fetch hears nothing of a body that breaks off.
    response.once('close', () => {
      if (!response.complete) call.fail(Object.assign(new Error('the connection was lost'), { code: 'ECONNRESET' }));
    });
    call.onResponse?.(response);
  });
  return true;
}

function isRedirection(status = 0): boolean {
  return status >= 300 && status < 400;
}

function originOf(request: ClientRequest): string {
  const origin = `${request.protocol}//${String(request.getHeader('host') ?? request.host)}`;
  return URL.canParse(origin) ? new URL(origin).origin : origin;
}
