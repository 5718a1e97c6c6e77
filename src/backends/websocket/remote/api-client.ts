import { TimeoutError } from '../../../errors.js';
import { isRecord } from '../../../is-record.js';
import { signedQuery, type UnsignedRequest, withoutSignature } from '../../channels/signed-query.js';
import { answerError } from '../../http/answer-error.js';
import { networkError, unreadableAnswer } from './http-failure.js';
import type { RemoteAddress } from './remote-address.js';

/** How long a question may take, in milliseconds; messages have the deadline of their attempt. */
const QUERY_TIMEOUT_MS = 10_000;

/** Whom to speak to, and as whom. */
export interface RemoteApp {
  readonly appId: string;
  readonly pubKey: string;
  readonly secretKey: string;
  readonly address: RemoteAddress;
}

/** Speaks to a Channels server's HTTP API. */
export class ApiClient {
  readonly #app: RemoteApp;

  constructor(app: RemoteApp) {
    this.#app = app;
  }

  async post(path: string, body: object, signal: AbortSignal): Promise<void> {
    await this.#request({ method: 'POST', path, body: JSON.stringify(body) }, signal);
  }

  async get(
    path: string,
    parameters: Readonly<Record<string, string>> = {},
  ): Promise<Readonly<Record<string, unknown>>> {
    const signal = AbortSignal.timeout(QUERY_TIMEOUT_MS);
    const asked = this.#request({ method: 'GET', path, parameters }, signal);
    const text = await asked.catch((error: unknown) => {
      if (!signal.aborted) throw error;
      throw new TimeoutError(`The server did not answer within ${QUERY_TIMEOUT_MS} ms.`, { backend: 'websocket' });
    });
    const answer = parse(text);
    if (isRecord(answer)) return answer;
    throw unreadableAnswer();
  }

  async #request({ path, ...rest }: UnsignedRequest, signal: AbortSignal): Promise<string> {
    const { appId, pubKey, secretKey, address } = this.#app;
    const request: UnsignedRequest = { ...rest, path: `/apps/${encodeURIComponent(appId)}${path}` };
    const query = signedQuery(request, pubKey, secretKey);
    const redact = (text: string): string => withoutSignature(text, query);
    let status: number;
    let text: string;
    let retryAfter: string | null;
    try {
      const response = await fetch(`${address.http}${request.path}?${query}`, {
        method: request.method,
        redirect: 'error',
        ...(request.body !== undefined && { body: request.body, headers: { 'Content-Type': 'application/json' } }),
        signal,
      });
      status = response.status;
      retryAfter = response.headers.get('retry-after');
      text = await response.text();
    } catch (error) {
      throw networkError(error, address.http, redact);
    }
    if (status !== 200)
      throw answerError({ backend: 'websocket', provider: 'The server', status, reason: redact(text), retryAfter });
    return text;
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
