import { AuthenticationError, type PushError, RateLimitError } from '../../core/errors.js';
import { DeliveryError } from '../../core/report.js';

/** Longest part of an answer's text that an error quotes, in characters. */
const MAX_REASON_LENGTH = 500;

/** What 407 means, which comes from a proxy alone. */
export const REFUSED_BY_PROXY =
  'the proxy on the way refuses its user name and password (407): check the option "proxy", or HTTPS_PROXY';

/** An HTTP answer that is not a success. */
export interface FailedAnswer {
  /** The backend's name. */
  readonly backend: string;
  /** The provider's name, such as `Pusher`. It begins the error's message. */
  readonly provider: string;
  readonly status: number;
  /** The provider's reason, without secrets. Spaces and line breaks around it do not matter. */
  readonly reason: string;
  /** The header `Retry-After`. */
  readonly retryAfter?: string | null | undefined;
  readonly cause?: unknown;
  /** Whether a 503 may come after the request was carried out. @default false */
  readonly isUnavailableUncertain?: boolean;
}

/**
 * Makes an error from an answer that is not a success. 4xx is a refusal. After 5xx the outcome is unknown, but 503 is a
 * refusal: a server that is closing, or that its gateway cannot reach, has done nothing.
 */
export function answerError({
  backend,
  provider,
  status,
  reason,
  retryAfter,
  cause,
  isUnavailableUncertain = false,
}: FailedAnswer): PushError {
  const message = `${provider} answered ${status}: ${reason.trim().slice(0, MAX_REASON_LENGTH) || 'nothing'}`;
  const options = { backend, status, cause };
  if (status === 401) return new AuthenticationError(`${message} (${adviceOn(reason)})`, options);
  if (status === 407) return new AuthenticationError(`${provider}: ${REFUSED_BY_PROXY}.`, options);
  if (status === 403) return new AuthenticationError(message, options);
  if (status === 429) return new RateLimitError(message, { ...options, retryAfter: retryAfterMs(retryAfter) });
  const mayPass = status >= 500 || status === 408;
  return new DeliveryError(message, {
    ...options,
    retryable: mayPass,
    outcome: status >= 500 && (status !== 503 || isUnavailableUncertain) ? 'unknown' : 'rejected',
  });
}

/** What to look at after a 401. A request's signature holds its time, so a wrong clock looks like wrong credentials. */
function adviceOn(reason: string): string {
  return /timestamp/i.test(reason)
    ? "check this machine's clock: the request was made at another time than the server's"
    : 'check the credentials in PUSH_SERVER';
}

/**
 * Reads how long a provider asks to wait, in milliseconds; undefined when it does not say.
 * @param header the value of `Retry-After`: seconds or a date. Source: RFC 9110, 10.2.3
 */
export function retryAfterMs(header: string | null | undefined): number | undefined {
  const text = header?.trim() ?? '';
  if (text === '') return undefined;
  const seconds = Number(text);
  const ms = Number.isFinite(seconds) ? seconds * 1000 : Date.parse(text) - Date.now();
  return Number.isFinite(ms) ? Math.max(0, ms) : undefined;
}
