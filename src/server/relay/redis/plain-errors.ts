import type { DeliveryOutcome } from '../../../core/errors.js';
import { DeliveryError } from '../../../core/report.js';

// The libraries put the failed command into their errors, and with AUTH the password. So none of their errors is passed
// on: each becomes one of these.

/** Redis has answered with an error. */
export class ReplyError extends Error {
  static override readonly name: string = 'ReplyError';
  /** The first word of the answer, such as `READONLY`. */
  readonly code: string;

  constructor(message: string) {
    super(message);
    this.name = 'ReplyError';
    this.code = message.slice(0, `${message} `.indexOf(' '));
  }
}

/** The command was not written, because there is no connection. */
export class NotSentError extends Error {
  static override readonly name: string = 'NotSentError';

  constructor(message = 'there is no connection') {
    super(message);
    this.name = 'NotSentError';
  }
}

/** How an answer of Redis begins that is an error: with a word in capitals. */
const errorReply = /^[A-Z][A-Z0-9_]+(?: |$)/;
/** The names of errors that the libraries throw before they write a command. */
const notSent = new Set(['ClientClosedError', 'ClientOfflineError']);

/** Makes an error of a library plain. */
export function plainError(error: unknown): Error {
  if (error instanceof ReplyError || error instanceof NotSentError) return error;
  if (!(error instanceof Error)) return new Error('the Redis client threw something that is no error');
  const { message, name } = error;
  const kind = error.constructor.name;
  if (name === 'ReplyError' || errorReply.test(message)) return new ReplyError(message);
  if (notSent.has(kind) || message.startsWith("Stream isn't writeable")) return new NotSentError();
  const { code } = error as NodeJS.ErrnoException;
  // Node gives an error no message when every address of a host refuses.
  return new Error(message || code || kind);
}

/** What to do about an error that Redis has answered with, and whether it may pass. */
const advice: Readonly<Record<string, { readonly toDo: string; readonly retryable: boolean }>> = {
  OOM: { toDo: 'Redis is full: raise maxmemory, or find what fills it', retryable: true },
  READONLY: { toDo: 'this is a replica: connect to the master', retryable: true },
  LOADING: { toDo: 'Redis is starting', retryable: true },
  BUSY: { toDo: 'a script of somebody else keeps Redis busy', retryable: true },
  MISCONF: { toDo: 'Redis cannot save to disk: look into its log', retryable: true },
  NOREPLICAS: { toDo: 'too few replicas are connected, see min-replicas-to-write', retryable: true },
  MASTERDOWN: { toDo: 'this is a replica that has lost its master', retryable: true },
  CLUSTERDOWN: { toDo: 'the Cluster is down, or is electing a master', retryable: true },
  TRYAGAIN: { toDo: 'a slot of the Cluster is being moved', retryable: true },
  ASK: { toDo: 'a slot of the Cluster is being moved', retryable: true },
  MOVED: { toDo: 'a slot of the Cluster has moved', retryable: true },
  NOPERM: { toDo: 'allow the Redis user these commands, keys and channels, see docs/scaling.md', retryable: false },
  NOAUTH: { toDo: 'give the Redis client a password', retryable: false },
  WRONGPASS: { toDo: 'give the Redis client the right user and password', retryable: false },
};

/**
 * The error of a call that Redis did not carry out, or may not have.
 * @param what the call, such as `update`
 */
export function deliveryError(what: string, error: Error): DeliveryError {
  if (error instanceof NotSentError) return failed(what, 'rejected', `Redis is not connected: ${error.message}`, true);
  if (!(error instanceof ReplyError))
    return failed(what, 'unknown', `the connection to Redis was lost: ${error.message}`, true);
  const found = advice[error.code];
  if (found !== undefined) return failed(what, 'rejected', `${found.toDo} (${error.message})`, found.retryable);
  // A script that failed in its middle keeps what it has done.
  const outcome = error.code === 'ERR' && /script/i.test(error.message) ? 'unknown' : 'rejected';
  return failed(what, outcome, error.message, false);
}

export function failed(what: string, outcome: DeliveryOutcome, reason: string, retryable: boolean): DeliveryError {
  return new DeliveryError(`Redis, ${what}: ${reason}`, { outcome, retryable });
}
