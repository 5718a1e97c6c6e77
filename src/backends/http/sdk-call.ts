import { AsyncLocalStorage } from 'node:async_hooks';
import { subscribe } from 'node:diagnostics_channel';
import type { ClientRequest } from 'node:http';
import { DeliveryError } from '../../delivery-error.js';

/** What holds for the requests that an SDK makes during one call. */
export interface SdkCall {
  /** The backend's name, for errors. */
  readonly backend: string;
  /** Ends the requests, also in the middle of an answer's body. */
  readonly signal?: AbortSignal | undefined;
  /** Where they may go, as in `https://api.pusherapp.com`: a redirect elsewhere would take the keys there. */
  readonly origin: string;
  /** Gets each request before it is sent. */
  readonly prepare?: (request: ClientRequest) => void;
}

interface RunningCall extends SdkCall {
  foreign?: string;
}

const running = new AsyncLocalStorage<RunningCall>();
let isWatching = false;

/**
 * Calls an SDK that speaks `node:http` and can neither be cancelled nor told not to follow redirects. Node announces each request
 * that is made within the call, where we can end it.
 * Source: https://nodejs.org/api/diagnostics_channel.html#http, `http.client.request.created`, since Node 22.12.
 * @throws DeliveryError when the provider redirects elsewhere; what `work` throws
 */
export async function callSdk<Result>(call: SdkCall, work: () => Promise<Result>): Promise<Result> {
  if (!isWatching) {
    isWatching = true;
    subscribe('http.client.request.created', (message) => watch((message as { request: ClientRequest }).request));
  }
  const state: RunningCall = { ...call };
  try {
    return await running.run(state, work);
  } catch (error) {
    if (state.foreign === undefined) throw error;
    const text = `The provider redirected the request to ${state.foreign}, and that was not followed: is the host right?`;
    throw new DeliveryError(text, { backend: call.backend, outcome: 'rejected' });
  }
}

function watch(request: ClientRequest): void {
  const call = running.getStore();
  if (call === undefined) return;
  // A request to a proxy for a tunnel has the target's authority as its path, and is not the SDK's own.
  if (request.method === 'CONNECT') return;
  const origin = originOf(request);
  if (origin !== call.origin) {
    call.foreign = origin;
    request.destroy(new Error('a redirect to another host is not followed'));
    return;
  }
  call.prepare?.(request);
  const { signal } = call;
  if (signal === undefined) return;
  const end = (): void => void request.destroy(new Error('the call was ended'));
  if (signal.aborted) end();
  signal.addEventListener('abort', end);
  request.once('close', () => signal.removeEventListener('abort', end));
}

function originOf(request: ClientRequest): string {
  const origin = `${request.protocol}//${String(request.getHeader('host') ?? request.host)}`;
  return URL.canParse(origin) ? new URL(origin).origin : origin;
}
