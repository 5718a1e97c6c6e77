import { PushError, type PushErrorCode } from '../core/errors.js';
import { defaultLogger, type Logger } from '../core/logger.js';
import type { PushService } from '../service/push-service.js';
import { HttpError } from '../web/http-error.js';

/**
 * Statuses for failures of the application or its provider. They are logged; the client only learns that something
 * failed. Others are 500.
 */
const ownFaults: Readonly<Partial<Record<PushErrorCode, number>>> = {
  UNSUPPORTED_OPERATION: 501,
  RATE_LIMIT: 503,
  DELIVERY: 502,
  TIMEOUT: 504,
};

/** Makes the answer to a request that failed, and logs a failure that is not the client's. It never throws. */
export function answerTo(error: unknown, logger: Logger): Response {
  const { status, ...body } = failureOf(error, logger);
  return json(body, status, error instanceof HttpError ? error.headers : {});
}

/** What a client is told of a failure. One that is not the client's is logged. It never throws. */
export function failureOf(error: unknown, logger: Logger): { readonly status: number; readonly error: string } {
  if (error instanceof HttpError) {
    // The application is set up wrongly, and its client may know how.
    if (error.status === 500) logger.error({ err: error }, 'a request to the push handler failed');
    return { status: error.status, error: error.message };
  }
  const failure = PushError.isPushError(error) ? error : undefined;
  // The client's own mistakes, which it may know.
  if (failure?.code === 'VALIDATION') return { status: 400, error: failure.message };
  if (failure?.code === 'AUTHENTICATION') return { status: failure.status ?? 401, error: failure.message };
  logger.error({ err: error }, 'a request to the push handler failed');
  const status = failure === undefined ? 500 : (ownFaults[failure.code] ?? 500);
  return { status, error: 'The server failed.' };
}

/** The service's logger, or the default one while the service cannot be configured. */
export function loggerOf(service: PushService): Logger {
  try {
    return service.logger;
  } catch {
    // The service cannot be configured, and that is likely what failed.
    return defaultLogger;
  }
}

/** A JSON answer that no cache keeps. */
export function json(body: object, status = 200, headers: Readonly<Record<string, string>> = {}): Response {
  return Response.json(body, { status, headers: { 'Cache-Control': 'no-store', ...headers } });
}
