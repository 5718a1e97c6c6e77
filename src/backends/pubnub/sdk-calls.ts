import { AsyncLocalStorage } from 'node:async_hooks';
import type { ClientRequest, IncomingMessage } from 'node:http';
import { ConfigurationError } from '../../core/errors.js';
import { callSdk, watchSending } from '../sdk/sdk-call.js';
import { type Exchange, newExchange, watchUndici } from './undici-watch.js';

const running = new AsyncLocalStorage<Exchange>();
const byId = new Map<string, Exchange>();
let isWatching = false;

/** Longer than any deadline of ours, in seconds: our signal ends a call, and not the SDK's clock. */
const NO_TIMEOUT_SECONDS = 86_400;

interface OpenRequest {
  readonly path: string;
  readonly done: Promise<void>;
  readonly end: () => void;
}

/**
 * Calls the SDK, and has each call's request end when its signal fires. The SDK can neither be handed a signal, nor shows the answer's
 * status and body; so the transport of the one client is wrapped, which both versions have at the same place.
 */
export class SdkCalls {
  /** Where requests may go, as in `https://ps.pndsn.com`. */
  readonly origin: string;
  readonly #open = new Set<OpenRequest>();
  /** Gets the error of each request of a subscription that failed. */
  onSubscriptionFailure: (error: unknown) => void = () => {};

  /** @throws ConfigurationError for an SDK that is built in another way than those that we know */
  constructor(client: object, origin: string) {
    this.origin = origin;
    const transport: unknown = Reflect.get(client, 'transport');
    if (!isTransport(transport)) {
      throw new ConfigurationError(
        'The pubnub backend does not know this version of the package "pubnub": install 12.',
        { backend: 'pubnub' },
      );
    }
    const makeSendable = transport.makeSendable.bind(transport);
    transport.makeSendable = (request) => this.#send(request, makeSendable);
  }

  /**
   * @param work calls the SDK once
   * @returns what the SDK returns; the exchange is filled in by then, also when it throws
   */
  async run<Result>(exchange: Exchange, work: () => Promise<Result>): Promise<Result> {
    if (!isWatching) {
      isWatching = true;
      watchUndici(byId);
    }
    // Version 11 speaks node:http.
    const call = {
      backend: 'pubnub',
      origin: this.origin,
      prepare: (request: ClientRequest) => watchSending(request, exchange.signal),
      onResponse: ({ statusCode = 0, headers }: IncomingMessage): void => {
        exchange.status = statusCode;
        exchange.retryAfter = headers['retry-after'];
      },
    };
    try {
      return await running.run(exchange, () => callSdk(call, work));
    } catch (error) {
      // The HTTP client of version 11 may hear nothing of a body that breaks off, and wait on.
      exchange.end?.();
      throw error;
    }
  }

  newExchange(signal: AbortSignal): Exchange {
    return newExchange(signal, this.origin);
  }

  /** Waits for the requests under way, and ends those that take longer; heartbeats at once. @param ms how long, in milliseconds */
  async settle(ms: number): Promise<void> {
    for (const { path, end } of this.#open) if (path.endsWith('/heartbeat')) end();
    const end = (): void => {
      for (const request of this.#open) request.end();
    };
    const timer = setTimeout(end, ms);
    while (this.#open.size > 0) await Promise.all([...this.#open].map(({ done }) => done));
    clearTimeout(timer);
  }

  #send(
    request: TransportRequest,
    makeSendable: SdkTransport['makeSendable'],
  ): ReturnType<SdkTransport['makeSendable']> {
    const exchange = running.getStore();
    request.cancellable = true;
    if (exchange !== undefined) request.timeout = NO_TIMEOUT_SECONDS;
    const [sent, controller] = makeSendable(request);
    const end = (): void => controller?.abort('ended');
    const isSubscription = request.path.startsWith('/v2/subscribe/');
    const answered = exchange === undefined ? sent : follow(exchange, sent, end, request.identifier);
    const done = answered.then(
      () => {},
      (error: unknown) => {
        // Version 11 leaves the connection open when an answer's body does not end.
        end();
        if (isSubscription && !isCancelled(error)) this.onSubscriptionFailure(error);
      },
    );
    const open = { path: request.path, done, end };
    this.#open.add(open);
    void done.then(() => this.#open.delete(open));
    return [answered, controller];
  }
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
    // The SDK prints what it cannot parse to the console.
    if (exchange.answer === undefined) throw new Error('The answer is no JSON.');
    return response;
  } finally {
    byId.delete(id);
    signal.removeEventListener('abort', end);
  }
}

/** Whether the SDK itself ended the request, such as for another list of channels. */
function isCancelled(error: unknown): boolean {
  return error instanceof Error && 'category' in error && error.category === 'PNCancelledCategory';
}

function parsed(body: ArrayBuffer | undefined): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(body));
  } catch {
    return undefined;
  }
}

function isTransport(value: unknown): value is SdkTransport {
  return (
    typeof value === 'object' && value !== null && 'makeSendable' in value && typeof value.makeSendable === 'function'
  );
}

/** What the SDK hands to its transport. */
export interface TransportRequest {
  readonly path: string;
  /** The `requestid` in the address. */
  readonly identifier: string;
  cancellable: boolean;
  /** In seconds; what is a thousand times as much has to be a whole number. */
  timeout: number;
}

interface TransportResponse {
  readonly status: number;
  readonly body?: ArrayBuffer;
}

/** The innermost part of the SDK that we touch: `client.transport`, the same in versions 11 and 12. */
export interface SdkTransport {
  makeSendable(
    request: TransportRequest,
  ): [sent: Promise<TransportResponse>, controller: { abort(reason: string): void } | undefined];
}
