import { PushError, TimeoutError } from '../../core/errors.js';
import { DeliveryError } from '../../core/report.js';
import { isRecord, record } from '../../wire/is-record.js';
import { refusedNames } from '../../wire/pubnub-sdk.js';
import { answerError } from '../sdk/answer-error.js';
import { networkFailure } from '../sdk/network-failure.js';
import type { Exchange } from './undici-watch.js';

/** The parts of a failure of the SDK. */
interface SdkStatus {
  readonly category: string;
  readonly statusCode: number;
  readonly errorData: unknown;
}

const base = { backend: 'pubnub' };

/**
 * Translates an error of the SDK into a `PushError`.
 * @param exchange facts about the request itself, which say more than the SDK's error
 * @param redact replaces the secrets in a text
 */
export function failureOf(
  error: unknown,
  exchange: Pick<Exchange, 'origin' | 'proxy'> & Partial<Exchange>,
  redact: (text: string) => string,
): PushError {
  if (PushError.isPushError(error)) return error;
  if (exchange.brokenOff !== undefined) return exchange.brokenOff;
  const { category, statusCode, errorData } = statusOf(error);
  const { redirected, signal, origin, proxy } = exchange;
  if (redirected !== undefined) {
    return new DeliveryError(
      `PubNub redirected the request to ${redirected}, and that was not followed: is the option "origin" right?`,
      // With 303 the request was carried out. Source: RFC 9110, 15.4.4
      { ...base, outcome: exchange.status === 303 ? 'unknown' : 'rejected' },
    );
  }
  const told = statusTold(errorData);
  // A subscription has no exchange, and the SDK does not always take over a status in the body.
  const status = told ?? (exchange.status ? exchange.status : statusCode);
  const code = codeOf(errorData);
  const cause = causeOf(error, category, code, redact);
  if (status >= 300) {
    const reason = redact(reasonOf(errorData));
    return answerError({ ...base, provider: 'PubNub', status, reason, retryAfter: exchange.retryAfter, cause });
  }
  if (signal?.aborted || category === 'PNTimeoutCategory')
    return new TimeoutError('PubNub did not answer in time.', { ...base, cause });
  if (exchange.isComplete) return notJson(cause);
  const failed = { backend: 'pubnub', provider: 'PubNub', origin, proxy, redact };
  const failure =
    networkFailure({ ...failed, error: errorData ?? error }) ?? networkFailure({ ...failed, error: exchange.failure });
  if (failure !== undefined) return failure;
  // The SDK cannot read a gateway's answer without a content type: its error has neither a status nor a code.
  const isOfNetwork = status > 0 || category === 'PNNetworkIssuesCategory' || category === 'PNBadRequestCategory';
  return new DeliveryError(`The connection to PubNub at ${origin} failed: ${category}`, {
    ...base,
    cause,
    outcome: 'unknown',
    retryable: isOfNetwork,
  });
}

/**
 * The error in an answer with status 200 to a message, or undefined. `[1, "Sent", timetoken]` is a success;
 * `[0, "Message Too Large", …]` is a refusal, which the SDK takes for a success.
 */
export function refusalIn(answer: unknown, redact: (text: string) => string): PushError | undefined {
  const [isSent, reason] = Array.isArray(answer) ? (answer as readonly unknown[]) : [];
  if (isSent === 1) return undefined;
  if (isSent !== 0) return errorTold(answer, redact) ?? notJson();
  return refused('the message', reason, redact);
}

/**
 * The error in an answer with status 200 to a question, or undefined. An answer is an object; a list is a refusal in an
 * older form, such as `["Use of the history API requires …", 0, 0]`.
 */
export function refusalOfQuery(answer: unknown, redact: (text: string) => string): PushError | undefined {
  if (Array.isArray(answer)) return refused('the request', answer.flat()[0], redact);
  return errorTold(answer, redact);
}

function refused(what: string, reason: unknown, redact: (text: string) => string): DeliveryError {
  const text = typeof reason === 'string' ? redact(reason) : 'no reason given';
  return new DeliveryError(`PubNub refused ${what}: ${text}`, { ...base, status: 200, outcome: 'rejected' });
}

/** The error in an answer whose own status is 200, and whose body holds the status of a failure. */
function errorTold(answer: unknown, redact: (text: string) => string): PushError | undefined {
  const status = statusTold(answer);
  if (status === undefined) return undefined;
  return answerError({ ...base, provider: 'PubNub', status, reason: redact(reasonOf(answer)) });
}

/** The status of a failure in the body of an answer. Presence and history answer 200 with a 402, 403 or 503 in it. */
export function statusTold(body: unknown): number | undefined {
  const { status } = record(body);
  return typeof status === 'number' && status >= 400 ? status : undefined;
}

function notJson(cause?: Error): DeliveryError {
  const text = 'PubNub did not answer as expected: is the option "origin" right?';
  return new DeliveryError(text, { ...base, status: 200, cause, outcome: 'unknown' });
}

/**
 * The channels and channel groups that the answer to a subscription refuses. PubNub writes a colon before each group.
 */
export function refusedSubscriptions(error: unknown): {
  readonly channels: readonly string[];
  readonly groups: readonly string[];
} {
  const { errorData } = statusOf(error);
  const groups = refusedNames(errorData, 'channel-groups').map((name) => name.replace(/^:/, ''));
  return { channels: refusedNames(errorData, 'channels'), groups };
}

/**
 * Reads the parts of a failure. The SDK's transport throws the parts themselves, its methods an error with the parts as
 * `status`.
 */
function statusOf(error: unknown): SdkStatus {
  const { status } = record(error);
  const { category, statusCode, errorData } = record(isRecord(status) ? status : error);
  return {
    category: typeof category === 'string' ? category : 'an unknown failure',
    statusCode: typeof statusCode === 'number' ? statusCode : 0,
    errorData,
  };
}

/**
 * The code of a network error. It is in the error of the HTTP client (version 11), or in an error that the SDK makes
 * (version 12).
 */
function codeOf(errorData: unknown): string | undefined {
  const { code } = record(errorData);
  return typeof code === 'string' ? code : undefined;
}

/**
 * PubNub's reason for a refusal: `"text"`, `{ message }`, `{ error: "text" }` or `{ error: { message, details } }`. The
 * details say what is wrong with a grant.
 */
function reasonOf(errorData: unknown): string {
  if (typeof errorData === 'string') return errorData;
  // An error of the SDK's own, such as for an answer without a content type, says nothing of the service's reason.
  if (errorData instanceof TypeError) return 'an answer that the SDK cannot read';
  const { error, message, error_message: older } = record(errorData);
  const reason = [record(error)['message'], message, older, error].find((text) => typeof text === 'string') ?? '';
  const { details } = record(error);
  const told = (Array.isArray(details) ? details : []).map(detailOf);
  return [String(reason), ...told].filter((text) => text !== '').join('; ');
}

/** One detail of a refusal: what is wrong, and where in the request. */
function detailOf(detail: unknown): string {
  const { message, location } = record(detail);
  const place = typeof location === 'string' ? ` (${location})` : '';
  return typeof message === 'string' ? `${message}${place}` : '';
}

/**
 * Copies an error's name, message and stack. The original holds the address of the request, with signature and token.
 */
function causeOf(error: unknown, category: string, code: string | undefined, redact: (text: string) => string): Error {
  const original = error instanceof Error ? error : new Error(String(error));
  const cause = new Error(redact(original.message));
  cause.name = original.name;
  cause.stack = redact(original.stack ?? '');
  return Object.assign(cause, { category }, code === undefined ? {} : { code });
}
