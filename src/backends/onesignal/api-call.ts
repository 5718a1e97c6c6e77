import { PushError } from '../../core/errors.js';
import { causeOf, type Redactor } from '../../core/redaction.js';
import { answerError } from '../sdk/answer-error.js';
import { networkFailure } from '../sdk/network-failure.js';
import type { ProviderProxy } from '../sdk/provider-proxy.js';
import { callSdk } from '../sdk/sdk-call.js';
import { reasonOf } from './answer.js';

/** The address of the API and its key. */
export interface ApiAccess extends Redactor {
  /** Scheme, host and port, such as `https://api.onesignal.com`. */
  readonly origin: string;
  /** The proxy on the way. */
  readonly proxy: ProviderProxy | undefined;
  readonly secretKey: string;
}

/**
 * The client of the package `onesignal-node`, as far as we use it. The type is structural, so that it needs no types of
 * the package.
 */
export interface OneSignalClient {
  createNotification(body: object): Promise<OneSignalResponse>;
  cancelNotification(notificationId: string): Promise<OneSignalResponse>;
  viewNotification(notificationId: string): Promise<OneSignalResponse>;
}

/** An answer of the package `onesignal-node`. It also holds the request with the key, so never log it as a whole. */
export interface OneSignalResponse {
  readonly statusCode: number;
  /** Parsed JSON; the text when it is not JSON. */
  readonly body: unknown;
}

/**
 * Calls the SDK once. It adds what the SDK lacks: the signal, and the header for new keys.
 * @returns only the body of the answer, because the SDK's response also holds the request with the key
 * @throws PushError for an answer that is not a success, and for a network failure
 */
export async function apiCall(
  { origin, proxy, secretKey, redact }: ApiAccess,
  signal: AbortSignal,
  work: () => Promise<OneSignalResponse>,
): Promise<unknown> {
  signal.throwIfAborted();
  let retryAfter: string | undefined;
  try {
    const { body } = await callSdk(
      {
        backend: 'onesignal',
        signal,
        origin,
        prepare: (request) => void request.setHeader('Authorization', authorization(secretKey)),
        onResponse: ({ headers }) => {
          retryAfter = headers['retry-after'];
        },
      },
      () => withProxy(proxy, work),
    );
    return body;
  } catch (error) {
    if (!isHttpError(error)) {
      if (PushError.isPushError(error) || signal.aborted) throw error;
      throw networkFailure({ backend: 'onesignal', provider: 'OneSignal', origin, proxy, error, redact }) ?? error;
    }
    throw answerError({
      backend: 'onesignal',
      provider: 'OneSignal',
      status: error.statusCode,
      // The SDK makes this text of an empty body.
      reason: error.body === 'undefined' ? '' : reasonOf(error.body, redact),
      retryAfter,
      cause: causeOf(error, { redact }),
      // A failure of its database, among others. A retry has the same idempotency key, but another backend has none.
      // Source: https://docs.rs/onesignal-rust-api/5.14.0/onesignal_rust_api/errors/ (SERVICE_UNAVAILABLE)
      isUnavailableUncertain: true,
    });
  }
}

/**
 * Begins a request through a proxy. The SDK takes none, and the package `request` below it reads the environment while
 * a request is made, before it returns. So the environment is another one for that moment: another object, because a
 * variable that is really set would be seen by other threads.
 */
function withProxy<Result>(proxy: ProviderProxy | undefined, begin: () => Result): Result {
  if (proxy === undefined) return begin();
  const { env } = process;
  process.env = { ...env, HTTP_PROXY: proxy.url, HTTPS_PROXY: proxy.url, NO_PROXY: '', no_proxy: '' };
  try {
    return begin();
  } finally {
    process.env = env;
  }
}

/**
 * Makes the header `Authorization`. New keys begin with `os_v2_` and need the scheme `Key`; the SDK always sends
 * `Basic`. Source: https://documentation.onesignal.com/docs/keys-and-ids
 */
function authorization(key: string): string {
  return `${key.startsWith('os_v2_') ? 'Key' : 'Basic'} ${key}`;
}

/**
 * Whether an error is the SDK's error for an answer that is not a success. The SDK is loaded late, so its class cannot
 * be imported.
 */
function isHttpError(error: unknown): error is Error & { statusCode: number; body: unknown } {
  return error instanceof Error && 'statusCode' in error && typeof error.statusCode === 'number' && 'body' in error;
}
