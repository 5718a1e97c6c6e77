import { AsyncLocalStorage } from 'node:async_hooks';
import type { ClientRequest, IncomingMessage } from 'node:http';
import { ConfigurationError } from '../../core/errors.js';
import {
  interceptRequests,
  isSubscription,
  type MakeSendable,
  type TransportRequest,
  type TransportResponse,
} from '../../wire/pubnub-sdk.js';
import type { RequestContext } from '../contract/request.js';
import { UNCOMPRESSED } from '../sdk/answer-size.js';
import { callSdk, watchSending } from '../sdk/sdk-call.js';
import { failureOf, statusTold } from './failure.js';
import type { ServiceAddress } from './sdk-client.js';
import { type Exchange, newExchange, watchUndici } from './undici-watch.js';

const running = new AsyncLocalStorage<Exchange>();
const byId = new Map<string, Exchange>();
let isWatching = false;

/** The SDK's longest timeout, in seconds. */
const LONGEST_SECONDS = 86_400;

/**
 * Longest body that is sent as it is, in bytes. It goes in one packet with its headers, compressed or not, and to
 * compress it takes longer than all else that pushrail does for a message.
 */
const MAX_UNCOMPRESSED_BYTES = 1000;

const decoder = new TextDecoder();

interface OpenRequest {
  readonly path: string;
  readonly done: Promise<void>;
  readonly end: () => void;
}

/**
 * Calls the SDK, ends the request of a call when the call's signal fires, and learns the answer's status and body. The
 * SDK offers neither, so each request is intercepted at its transport.
 */
export class SdkCalls {
  /** Where all requests go. */
  readonly address: ServiceAddress;
  readonly #open = new Set<OpenRequest>();
  readonly #redact: (text: string) => string;
  /** Called with the error of each request of a subscription that failed. */
  onSubscriptionFailure: (error: unknown) => void = () => {};

  /**
   * @param redact takes secrets out of a text
   * @throws ConfigurationError for an SDK whose transport is unknown
   */
  constructor(client: object, address: ServiceAddress, redact: (text: string) => string) {
    this.address = address;
    this.#redact = redact;
    if (!interceptRequests(client, (request, makeSendable) => this.#send(request, makeSendable))) {
      throw new ConfigurationError(
        'The pubnub backend does not know this version of the package "pubnub": install 12.',
        { backend: 'pubnub' },
      );
    }
  }

  /**
   * Calls the SDK once. It holds what belongs to the call for all of `timeout`, however soon the call has ended.
   * @param work calls the SDK
   * @param judge finds the refusal that an answer with status 200 may be
   * @throws PushError for a failure or a refusal
   */
  async ask<Result>(
    { signal, timeout = LONGEST_SECONDS * 1000 }: Pick<RequestContext, 'signal' | 'timeout'>,
    work: () => Promise<Result>,
    judge: (answer: unknown, redact: (text: string) => string) => Error | undefined,
  ): Promise<Result> {
    const exchange = newExchange(signal, timeout, this.address);
    let result: Result;
    try {
      result = await this.#run(exchange, work);
    } catch (error) {
      // The SDK does not tell the reason of a refusal that has the status 200.
      const isRefusal = exchange.answer !== undefined && exchange.status < 300;
      throw (isRefusal && judge(exchange.answer, this.#redact)) || failureOf(error, exchange, this.#redact);
    }
    const refusal = judge(exchange.answer, this.#redact);
    if (refusal !== undefined) throw refusal;
    return result;
  }

  /** The exchange is filled in when this returns, and when it throws. */
  async #run<Result>(exchange: Exchange, work: () => Promise<Result>): Promise<Result> {
    if (!isWatching) {
      isWatching = true;
      watchUndici(byId);
    }
    // Version 11 uses node:http.
    const call = {
      backend: 'pubnub',
      origin: this.address.origin,
      prepare: (request: ClientRequest) => watchSending(request, exchange.signal),
      onResponse: ({ statusCode = 0, headers }: IncomingMessage): void => {
        exchange.status = statusCode;
        exchange.retryAfter = headers['retry-after'];
      },
    };
    try {
      return await running.run(exchange, () => callSdk(call, work));
    } catch (error) {
      // The HTTP client of version 11 may not notice a body that breaks off, and would wait on.
      exchange.end?.();
      throw error;
    }
  }

  /**
   * Waits for the requests under way, and ends those that take too long; heartbeats end at once.
   * @param ms limit, in milliseconds
   */
  async settle(ms: number): Promise<void> {
    for (const { path, end } of this.#open) if (path.endsWith('/heartbeat')) end();
    const end = (): void => {
      for (const request of this.#open) request.end();
    };
    const timer = setTimeout(end, ms);
    while (this.#open.size > 0) await Promise.all([...this.#open].map(({ done }) => done));
    clearTimeout(timer);
  }

  #send(request: TransportRequest, makeSendable: MakeSendable): ReturnType<MakeSendable> {
    const exchange = running.getStore();
    request.cancellable = true;
    if (exchange !== undefined) {
      // A signal ends the call, so the SDK's timeout comes after it.
      request.timeout = Math.min(Math.ceil(exchange.timeout / 1000) + 1, LONGEST_SECONDS);
      request.headers = { ...request.headers, [UNCOMPRESSED.name]: UNCOMPRESSED.value };
      leaveShortUncompressed(request);
    }
    const [sent, controller] = makeSendable(request);
    const end = (): void => controller?.abort('ended');
    const answered = exchange === undefined ? sent : follow(exchange, sent, end, request.identifier);
    const done = answered.then(
      ({ body }) => {
        const errorData = isSubscription(request) ? parsed(body) : undefined;
        if (statusTold(errorData) !== undefined) this.onSubscriptionFailure({ errorData });
      },
      (error: unknown) => {
        // Version 11 would leave the connection open when an answer's body does not end.
        end();
        if (isSubscription(request) && !isCancelled(error)) this.onSubscriptionFailure(error);
      },
    );
    const open = { path: request.path, done, end };
    this.#open.add(open);
    void done.then(() => this.#open.delete(open));
    return [answered, controller];
  }
}

/** The SDK compresses each body of a message. */
function leaveShortUncompressed(request: TransportRequest): void {
  const { compressible, body, headers } = request;
  if (compressible !== true || typeof body !== 'string' || Buffer.byteLength(body) > MAX_UNCOMPRESSED_BYTES) return;
  const { 'Content-Encoding': _deflate, ...others } = headers ?? {};
  request.compressible = false;
  request.headers = others;
}

async function follow(
  exchange: Exchange,
  sent: Promise<TransportResponse>,
  end: () => void,
  id: string,
): Promise<TransportResponse> {
  const { signal } = exchange;
  exchange.end = end;
  byId.set(id, exchange);
  if (signal.aborted) end();
  signal.addEventListener('abort', end);
  try {
    const response = await sent;
    exchange.status = response.status;
    exchange.isComplete = true;
    exchange.answer = parsed(response.body);
    // The SDK would print an answer that it cannot parse to the console.
    if (exchange.answer === undefined) throw new Error('The answer is not JSON.');
    return response;
  } finally {
    byId.delete(id);
    signal.removeEventListener('abort', end);
    // The timer of the SDK's timeout holds the exchange, which would hold the request for as long.
    exchange.end = undefined;
  }
}

/** Whether the SDK itself ended the request, such as for another list of channels. */
function isCancelled(error: unknown): boolean {
  return error instanceof Error && 'category' in error && error.category === 'PNCancelledCategory';
}

function parsed(body: ArrayBuffer | undefined): unknown {
  try {
    return JSON.parse(decoder.decode(body));
  } catch {
    return undefined;
  }
}
