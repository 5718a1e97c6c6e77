import type { ClientRequest } from 'node:http';
import { ValidationError } from '../../core/errors.js';
import { DeliveryError } from '../../core/report.js';
import { isRecord } from '../../wire/is-record.js';
import type { ProviderProxy } from '../sdk/provider-proxy.js';
import { callSdk } from '../sdk/sdk-call.js';
import type { PusherResponse } from './client.js';
import { refusal, requestFailure, withoutCredentials } from './failure.js';

const backend = 'pusher';

/** The parameters that sign a request. */
const reserved = ['auth_key', 'auth_timestamp', 'auth_version', 'auth_signature', 'body_md5'];

/** A query of the HTTP API. */
export interface PusherGet {
  /** The path after `/apps/APPID`, percent-encoded, such as `/channels/orders`. */
  readonly path: string;
  /** Query parameters, not encoded. */
  readonly params?: Readonly<Record<string, string | number | boolean>> | undefined;
}

/** A command of the HTTP API. */
export interface PusherPost extends PusherGet {
  /** Sent as JSON. */
  readonly body: object;
}

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

/** Checks a path. @throws ValidationError for a path that may leave the application's own part of the API */
export function checkedPath(path: unknown): string {
  if (
    typeof path === 'string' &&
    /^(?:\/(?:[\w\-.~!$&'()*+,;=:@]|%[0-9a-f]{2})+)+$/i.test(path) &&
    !path.split('/').some((segment) => /^(?:\.|%2e){1,2}$/i.test(segment)) &&
    isDecodable(path)
  )
    return path;
  throw new ValidationError(
    'The path must be percent-encoded, begin with "/" and hold no "..", "?" or "#", such as "/channels/orders". Pass parameters as "params".',
  );
}

function isDecodable(path: string): boolean {
  try {
    return decodeURIComponent(path) !== '';
  } catch {
    return false;
  }
}

/**
 * Checks query parameters.
 * @throws ValidationError for a parameter of the signature, and for a value that is no string, number or boolean
 */
export function checkedParameters(params: PusherGet['params'] = {}): Record<string, string> {
  if (!isRecord(params)) throw new ValidationError('The parameters must be an object, such as { info: "user_count" }.');
  return Object.fromEntries(
    Object.entries(params).map(([name, value]) => {
      if (reserved.includes(name.toLowerCase()))
        throw new ValidationError(`The backend itself sets the parameter "${name}": leave it out.`);
      if (!['string', 'number', 'boolean'].includes(typeof value) || !String(value).isWellFormed())
        throw new ValidationError(`The parameter "${name}" must be a string, a number or a boolean.`);
      return [name, String(value)];
    }),
  );
}

/**
 * Checks a body. It is turned into JSON and back once, so that a `toJSON` cannot change it after signing.
 * @throws ValidationError
 */
export function checkedBody(body: unknown): object {
  try {
    const sent: unknown = isRecord(body) ? JSON.parse(JSON.stringify(body)) : undefined;
    if (isRecord(sent)) return sent;
  } catch (cause) {
    throw new ValidationError('The body cannot be turned into JSON.', { cause });
  }
  throw new ValidationError('The body must be an object, which is sent as JSON.');
}
