import type { ClientRequest } from 'node:http';
import { DeliveryError } from '../../core/report.js';
import type { ProviderProxy } from '../sdk/provider-proxy.js';
import { callSdk } from '../sdk/sdk-call.js';
import type { PusherResponse } from './client.js';
import { refusal, requestFailure, withoutCredentials } from './failure.js';

const backend = 'pusher';

/** The terms of one request. */
export interface RequestTerms {
  /** Ends the request. */
  readonly signal: AbortSignal;
  /** The deadline behind the signal, in milliseconds. It is only for the error. */
  readonly deadlineMs?: number;
  /** Path and query that replace those of the SDK. */
  readonly target?: string;
}

/** Where the HTTP API is. */
export interface ApiLocation {
  /** Scheme, host and port, such as `https://api.pusherapp.com`. */
  readonly origin: string;
  /** What stands before `/apps/APPID`; the SDK has no option for it, and it is not signed. */
  readonly path: string;
  /** The proxy on the way. */
  readonly proxy: ProviderProxy | undefined;
}

/** Makes requests through the SDK. It adds a deadline, refuses redirects, and makes errors that show no key. */
export class PusherRequests {
  readonly #api: ApiLocation;
  readonly #redact: (text: string) => string;

  constructor(api: ApiLocation, redact: (text: string) => string) {
    this.#api = api;
    this.#redact = redact;
  }

  /** Makes a request and reads the whole answer. @returns the text of the answer @throws PushError for any failure */
  async text(work: () => Promise<PusherResponse>, { signal, deadlineMs, target }: RequestTerms): Promise<string> {
    const { origin, path, proxy } = this.#api;
    let retryAfter: string | undefined;
    const call = {
      backend,
      signal,
      origin,
      prepare: (request: ClientRequest) => retarget(request, path, target),
      onResponse: ({ headers }: { headers: NodeJS.Dict<string | string[]> }) => {
        retryAfter = typeof headers['retry-after'] === 'string' ? headers['retry-after'] : undefined;
      },
    };
    let status: number;
    let text: string;
    try {
      [status, text] = await callSdk(call, async () => {
        const response = await work();
        return [response.status, await response.text()];
      });
    } catch (error) {
      throw requestFailure({ error, origin, proxy, signal, deadlineMs, retryAfter, redact: this.#redact });
    }
    if (status >= 200 && status < 300) {
      // A proxy, or a server at a wrong address, may answer any request with a page.
      if (/^\s*</.test(text)) throw this.#notTheApi();
      return text;
    }
    throw refusal({ status, reason: withoutCredentials(this.#redact(text)), retryAfter });
  }

  /** Makes a request and parses its answer. @throws PushError for any failure, and for an answer that is not JSON */
  async json(work: () => Promise<PusherResponse>, terms: RequestTerms): Promise<unknown> {
    const answer = parsed(await this.text(work, terms));
    if (answer !== undefined) return answer;
    throw this.#notTheApi();
  }

  #notTheApi(): DeliveryError {
    return new DeliveryError(
      `The answer of ${this.#api.origin} is not JSON. Check that the host serves the Pusher Channels HTTP API.`,
      { backend, outcome: 'unknown' },
    );
  }
}

/** Parses JSON; undefined when the text is not JSON. */
export function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/**
 * Puts a prefix before the path of a request. Through a proxy, the path is a whole address.
 * @param target path and query in place of the SDK's own
 */
function retarget(request: ClientRequest, prefix: string, target: string | undefined): void {
  const [base = ''] = /^https?:\/\/[^/]*/.exec(request.path) ?? [];
  request.path = base + prefix + (target ?? request.path.slice(base.length));
}
