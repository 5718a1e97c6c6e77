import { PushError, type PushErrorCode } from '../core/errors.js';
import { defaultLogger, type Logger } from '../core/logger.js';
import type { PushService } from '../service/push-service.js';
import { HttpError } from '../web/http-error.js';

/** What the application or its provider did wrong: it is logged, and the asker is told no more than that. Others are 500. */
const ownFaults: Readonly<Partial<Record<PushErrorCode, number>>> = {
  UNSUPPORTED_OPERATION: 501,
  RATE_LIMIT: 503,
  DELIVERY: 502,
  TIMEOUT: 504,
};

/** The answer to a request that failed. Does not throw. */
export function answerOf(error: unknown, service: PushService): Response {
  if (error instanceof HttpError) return json({ error: error.message }, error.status, error.headers);
  const failure = PushError.isPushError(error) ? error : undefined;
  // What the asker did wrong, and may be told.
  if (failure?.code === 'VALIDATION') return json({ error: failure.message }, 400);
  if (failure?.code === 'AUTHENTICATION') return json({ error: failure.message }, failure.status ?? 401);
  loggerOf(service).error({ err: error }, 'a request to the push handler failed');
  return json({ error: 'The server failed.' }, failure === undefined ? 500 : (ownFaults[failure.code] ?? 500));
}

function loggerOf(service: PushService): Logger {
  try {
    return service.logger;
  } catch {
    // The service cannot be configured, which is likely what failed.
    return defaultLogger;
  }
}

/** An answer that is for one client alone and for now. */
export function json(body: object, status = 200, headers: Readonly<Record<string, string>> = {}): Response {
  return Response.json(body, { status, headers: { 'Cache-Control': 'no-store', ...headers } });
}
