import type { ClientRequest } from 'node:http';
import { DeliveryError } from '../../delivery-error.js';
import { answerError } from '../http/answer-error.js';
import { callSdk } from '../http/sdk-call.js';
import type { PusherResponse } from './pusher-client.js';
import { requestFailure, withoutCredentials } from './request-failure.js';

const backend = 'pusher';

/** What is asked for of one request. */
export interface RequestTerms {
  /** Ends the request. */
  readonly signal: AbortSignal;
  /** When the signal fires, in milliseconds, for the error. */
  readonly deadlineMs?: number;
  /** Path and query to send the request to, in place of the SDK's own. */
  readonly target?: string;
}

/** Makes requests through the SDK: with a deadline, without redirects, and with errors that show no key. */
export class PusherRequests {
  readonly #origin: string;
  readonly #redact: (text: string) => string;

  /** @param origin as in `https://api.pusherapp.com` */
  constructor(origin: string, redact: (text: string) => string) {
    this.#origin = origin;
    this.#redact = redact;
  }

  /** Makes a request and reads its answer to the end. @returns the answer's text @throws PushError */
  async text(work: () => Promise<PusherResponse>, { signal, deadlineMs, target }: RequestTerms): Promise<string> {
    let retryAfter: string | undefined;
    const call = {
      backend,
      signal,
      origin: this.#origin,
      ...(target !== undefined && { prepare: (request: ClientRequest) => retarget(request, target) }),
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
      throw requestFailure({ error, origin: this.#origin, signal, deadlineMs, retryAfter, redact: this.#redact });
    }
    if (status >= 200 && status < 300) {
      // What stands in between, or at a wrong address, may have a page for any request.
      if (/^\s*</.test(text)) throw this.#notTheApi();
      return text;
    }
    const reason = withoutCredentials(this.#redact(text));
    throw answerError({ backend, provider: 'Pusher', status, reason, retryAfter });
  }

  /** As {@link text}, for an answer that must be JSON. */
  async json(work: () => Promise<PusherResponse>, terms: RequestTerms): Promise<unknown> {
    const answer = parsed(await this.text(work, terms));
    if (answer !== undefined) return answer;
    throw this.#notTheApi();
  }

  #notTheApi(): DeliveryError {
    return new DeliveryError(
      `What ${this.#origin} answered is not JSON: does the host speak the Pusher Channels HTTP API?`,
      { backend, outcome: 'unknown' },
    );
  }
}

/** A text's JSON, or undefined when it is none. */
export function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** A request through a proxy has a whole address for its path. */
function retarget(request: ClientRequest, target: string): void {
  const [base = ''] = /^https?:\/\/[^/]*/.exec(request.path) ?? [];
  request.path = base + target;
}
