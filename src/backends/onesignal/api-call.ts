import { PushError } from '../../core/errors.js';
import { causeOf, type Redactor } from '../../core/redaction.js';
import { answerError } from '../sdk/answer-error.js';
import { networkFailure } from '../sdk/network-failure.js';
import { callSdk } from '../sdk/sdk-call.js';
import { reasonOf } from './answer.js';

/** Where the API is, and how to show that one may use it. */
export interface ApiAccess extends Redactor {
  /** As in `https://api.onesignal.com`. */
  readonly origin: string;
  readonly secretKey: string;
}

/**
 * One call of the SDK, which can neither be cancelled nor knows of new keys.
 * @returns the answer's body, and nothing of the request, which has the key in it
 * @throws PushError for an answer that is not a success, and for a failure of the network
 */
export async function apiCall(
  { origin, secretKey, redact }: ApiAccess,
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
      work,
    );
    return body;
  } catch (error) {
    if (!isHttpError(error)) {
      if (PushError.isPushError(error) || signal.aborted) throw error;
      throw networkFailure({ backend: 'onesignal', provider: 'OneSignal', origin, error, redact }) ?? error;
    }
    throw answerError({
      backend: 'onesignal',
      provider: 'OneSignal',
      status: error.statusCode,
      reason: reasonOf(error.body, redact),
      retryAfter,
      cause: causeOf(error, { redact }),
    });
  }
}

/**
 * New keys begin with `os_v2_` and have a scheme of their own; the SDK sends them as Basic.
 * Source: https://documentation.onesignal.com/docs/keys-and-ids
 */
function authorization(key: string): string {
  return `${key.startsWith('os_v2_') ? 'Key' : 'Basic'} ${key}`;
}

/** The SDK's error for an answer that is not a success; its class is not ours to import. */
function isHttpError(error: unknown): error is Error & { statusCode: number; body: unknown } {
  return error instanceof Error && 'statusCode' in error && typeof error.statusCode === 'number' && 'body' in error;
}

/** The part of the package `onesignal-node` that this backend uses; structural, so that our types need none of its own. */
export interface OneSignalClient {
  createNotification(body: object): Promise<OneSignalResponse>;
  cancelNotification(notificationId: string): Promise<OneSignalResponse>;
  viewNotification(notificationId: string): Promise<OneSignalResponse>;
}

/** What its methods resolve with. There is more to it, the request with the key in it among that: never show it whole. */
export interface OneSignalResponse {
  readonly statusCode: number;
  /** Parsed JSON, or the text when it is none. */
  readonly body: unknown;
}
