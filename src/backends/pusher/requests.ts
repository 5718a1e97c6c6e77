import type { ClientRequest } from 'node:http';
import { ValidationError } from '../../core/errors.js';
import { DeliveryError } from '../../core/report.js';
import { isRecord } from '../../wire/is-record.js';
import { answerError } from '../sdk/answer-error.js';
import { callSdk } from '../sdk/sdk-call.js';
import type { PusherResponse } from './client.js';
import { requestFailure, withoutCredentials } from './failure.js';

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

/** A query of the HTTP API. */
export interface PusherGet {
  /** What follows `/apps/APPID`, percent-encoded, such as `/channels/orders`. */
  readonly path: string;
  /** Query parameters as they are: they are encoded here. */
  readonly params?: Readonly<Record<string, string | number | boolean>> | undefined;
}

/** A command of the HTTP API. */
export interface PusherPost extends PusherGet {
  /** Sent as JSON. */
  readonly body: object;
}

/** Parameters that sign the others. */
const reserved = ['auth_key', 'auth_timestamp', 'auth_version', 'auth_signature', 'body_md5'];

/** @throws ValidationError for a path that may lead out of the application's own part of the API */
export function checkedPath(path: unknown): string {
  if (
    typeof path === 'string' &&
    /^(?:\/(?:[\w\-.~!$&'()*+,;=:@]|%[0-9a-f]{2})+)+$/i.test(path) &&
    !path.split('/').some((segment) => /^(?:\.|%2e){1,2}$/i.test(segment)) &&
    isDecodable(path)
  )
    return path;
  throw new ValidationError(
    `The path must begin with "/", as in "/channels/orders", percent-encoded, without "..", "?" or "#": give parameters as "params".`,
  );
}

function isDecodable(path: string): boolean {
  try {
    return decodeURIComponent(path) !== '';
  } catch {
    return false;
  }
}

/** @throws ValidationError for a parameter that signs the request, or is no text, number or boolean */
export function checkedParameters(params: PusherGet['params'] = {}): Record<string, string> {
  if (!isRecord(params)) throw new ValidationError('The parameters must be an object, such as { info: "user_count" }.');
  return Object.fromEntries(
    Object.entries(params).map(([name, value]) => {
      if (reserved.includes(name.toLowerCase()))
        throw new ValidationError(`The parameter "${name}" is set by the backend: leave it out.`);
      if (!['string', 'number', 'boolean'].includes(typeof value) || !String(value).isWellFormed())
        throw new ValidationError(`The parameter "${name}" must be a text, a number or a boolean.`);
      return [name, String(value)];
    }),
  );
}

/** The body as it is sent: read back, so that it is what was signed, whatever a `toJSON` does. @throws ValidationError */
export function checkedBody(body: unknown): object {
  try {
    const sent: unknown = isRecord(body) ? JSON.parse(JSON.stringify(body)) : undefined;
    if (isRecord(sent)) return sent;
  } catch (cause) {
    throw new ValidationError('The body cannot be turned into JSON.', { cause });
  }
  throw new ValidationError('The body must be an object, which is sent as JSON.');
}
