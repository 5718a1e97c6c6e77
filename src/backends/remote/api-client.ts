import { ConfigurationError, PushError, TimeoutError } from '../../core/errors.js';
import type { NameRule } from '../../core/names.js';
import { DeliveryError } from '../../core/report.js';
import { isRecord } from '../../wire/is-record.js';
import { signedQuery, type UnsignedRequest, withoutSignature } from '../pusher-compatible/signed-query.js';
import { answerError } from '../sdk/answer-error.js';
import { answerText } from '../sdk/answer-size.js';
import { networkFailure } from '../sdk/network-failure.js';
import { isRedirection, redirection, redirectionTo } from '../sdk/sdk-call.js';
import type { RemoteAddress } from './options.js';

const backend = 'remote';
/** The server, at the beginning of errors. */
const provider = 'The server';

/** How long a query or a command may take, in milliseconds. A message has the deadline of its attempt. */
const QUERY_TIMEOUT_MS = 10_000;

/** An application on a server in another process: its keys, and the server's address. */
export interface RemoteApp {
  readonly appId: string;
  readonly pubKey: string;
  readonly secretKey: string;
  readonly address: RemoteAddress;
  /** The channels that it takes. */
  readonly channelName: NameRule;
}

/** A client of a Channels server's HTTP API. */
export class ApiClient {
  readonly #app: RemoteApp;

  constructor(app: RemoteApp) {
    this.#app = app;
  }

  /**
   * Posts JSON.
   * @param path the part after `/apps/APPID`
   * @throws PushError when the server refuses, does not answer, or is no Channels server
   */
  async post(path: string, body: object, signal: AbortSignal): Promise<void> {
    await this.#request({ method: 'POST', path, body: JSON.stringify(body) }, signal);
  }

  /**
   * Gets a JSON object.
   * @param path the part after `/apps/APPID`
   * @throws PushError when the server refuses or gives another answer; TimeoutError when there is none within 10 s
   */
  async get(
    path: string,
    parameters: Readonly<Record<string, string>> = {},
  ): Promise<Readonly<Record<string, unknown>>> {
    return this.#inTime({ method: 'GET', path, parameters });
  }

  /** Posts JSON, and returns the answer. The rest is as for {@link get}. */
  async command(
    path: string,
    body: object,
    parameters: Readonly<Record<string, string>> = {},
  ): Promise<Readonly<Record<string, unknown>>> {
    return this.#inTime({ method: 'POST', path, parameters, body: JSON.stringify(body) });
  }

  async #inTime(request: UnsignedRequest): Promise<Readonly<Record<string, unknown>>> {
    const signal = AbortSignal.timeout(QUERY_TIMEOUT_MS);
    return this.#request(request, signal).catch((error: unknown) => {
      if (!signal.aborted) throw error;
      throw new TimeoutError(`The server did not answer within ${QUERY_TIMEOUT_MS} ms.`, { backend });
    });
  }

  /** @returns the answer's JSON object, which every answer of a Channels server is */
  async #request({ path, ...rest }: UnsignedRequest, signal: AbortSignal): Promise<Readonly<Record<string, unknown>>> {
    const { appId, pubKey, secretKey, address } = this.#app;
    const request: UnsignedRequest = { ...rest, path: `/apps/${encodeURIComponent(appId)}${path}` };
    const query = signedQuery(request, pubKey, secretKey);
    const redact = (text: string): string => withoutSignature(text, query);
    let status: number;
    let text: string;
    let headers: Headers;
    try {
      const response = await fetch(`${address.http}${request.path}?${query}`, {
        method: request.method,
        redirect: 'manual',
        ...(request.body !== undefined && { body: request.body, headers: { 'Content-Type': 'application/json' } }),
        signal,
      });
      ({ status, headers } = response);
      text = await answerText(response, { backend, origin: address.http });
    } catch (error) {
      throw networkError(error, address.http, redact);
    }
    const location = headers.get('location');
    if (location !== null && isRedirection(status))
      throw redirection(redirectionTo(location, address.http, status), backend);
    if (status < 200 || status >= 300) {
      const retryAfter = headers.get('retry-after');
      throw answerError({ backend, provider, status, reason: redact(text), retryAfter });
    }
    const answer = parse(text);
    if (isRecord(answer)) return answer;
    throw notAChannelsServer(address.http);
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/**
 * Makes the error of a failed request; an abort or a time-out is returned as it is. Of any other error only name, code
 * and message are kept, because it may hold the request's address with its signature.
 * @param redact takes the signature out of a text
 */
function networkError(error: unknown, address: string, redact: (text: string) => string): unknown {
  if (PushError.isPushError(error)) return error;
  if (error instanceof Error && (error.name === 'AbortError' || error.name === 'TimeoutError')) return error;
  const cause = bareError(error instanceof Error && error.cause instanceof Error ? error.cause : error, redact);
  if (cause.message === 'bad port') {
    return new ConfigurationError(
      `The port of ${address} is one that browsers and fetch refuse to use: choose another.`,
      { backend, cause },
    );
  }
  return (
    networkFailure({ backend, provider, origin: address, error, redact }) ??
    new DeliveryError(`${provider} at ${address} did not answer: ${cause.code ?? cause.message}.`, {
      backend,
      retryable: true,
      outcome: 'unknown',
      cause,
    })
  );
}

function bareError(error: unknown, redact: (text: string) => string): NodeJS.ErrnoException {
  if (!(error instanceof Error)) return new Error(redact(String(error)));
  const bare = Object.assign(new Error(redact(error.message)), { name: redact(error.name) });
  return 'code' in error && typeof error.code === 'string' ? Object.assign(bare, { code: redact(error.code) }) : bare;
}

/**
 * The error for an answer that is no JSON object, such as a page of HTML: a proxy or another web server has answered.
 */
function notAChannelsServer(address: string): DeliveryError {
  return new DeliveryError(
    `${provider} at ${address} answered with a success that is not JSON: it is no Channels server. Check "host" and "port".`,
    { backend, outcome: 'unknown' },
  );
}
