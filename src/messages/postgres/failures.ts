import { ConfigurationError, PushError, TimeoutError, ValidationError } from '../../core/errors.js';
import { DeliveryError } from '../../core/report.js';
import { codeOf, isOneOf } from '../sql/failures.js';
import type { Stage } from '../sql/pooled-database.js';

/** Codes of errors: PostgreSQL's (appendix A of its manual, "PostgreSQL Error Codes"), and those of Node's sockets. */
const codes = {
  /** The schema for the tables is not there. No migration makes it. */
  noSchema: ['3F000'],
  /** The tables are not there, or are older than the code. */
  tables: ['42P01', '42703'],
  /** Wrong user or password, no such database, no right. */
  access: ['28000', '28P01', '3D000', '42501'],
  /** A text or a time that cannot be stored, or an id that is none. */
  data: ['22008', '22021', '22P02', '22P05', '54000'],
  /** An id is there already: no other value is the caller's. */
  id: ['23505'],
  /** `statement_timeout` or `lock_timeout` of the database. */
  slow: ['57014', '55P03'],
  /** Two transactions in each other's way. The same statement may succeed. */
  collision: ['40001', '40P01'],
} as const;

/** Shut down, crashed, starting, read-only after a failover, no room for connections, memory or disk. */
const passing = /^(?:08|53|57P0|25006|E[A-Z]{3,})/;

const whetherDone = 'Whether the statement was carried out is unknown.';

/** Whether a statement failed because another transaction was in its way, and left nothing behind. */
export function isCollision(error: unknown): boolean {
  return isOneOf(codes.collision, codeOf(error));
}

/** Whether the connection of a statement may be unusable after its error. */
export function isConnectionLost(error: unknown): boolean {
  const code = codeOf(error);
  return code === undefined || /^(?:08|57P0|E[A-Z]{3,})/.test(code);
}

/**
 * An error of `pg` as one of this package. Its cause has the message and the code alone: `pg` adds the values of the
 * row to some, and its client to others.
 * @param stage before `query`, nothing was sent to the database
 * @param redact takes the password out of a text
 */
export function storeFailure(thrown: unknown, stage: Stage, redact: (text: string) => string): PushError {
  if (PushError.isPushError(thrown)) return thrown;
  const error = originOf(thrown);
  const code = codeOf(error);
  const text = redact(error instanceof Error && error.message !== '' ? error.message : (code ?? 'no reason given'));
  const cause = Object.assign(new Error(text), code !== undefined && { code });
  const said = `PostgreSQL: ${text}`;
  if (isOneOf(codes.noSchema, code))
    return new ConfigurationError(`${said}. Make the schema, or name another one by the option "schema".`, { cause });
  if (isOneOf(codes.tables, code)) {
    const advice = 'run "pushrail migrate", or call migrate() of the message store';
    return new ConfigurationError(`${said}. The tables of recorded messages are missing or too old: ${advice}.`, {
      cause,
    });
  }
  if (isOneOf(codes.access, code))
    return new ConfigurationError(`${said}. Check the user, the password, the database and the user's rights.`, {
      cause,
    });
  if (isOneOf(codes.data, code)) return new ValidationError(`${said}. Nothing has changed.`, { cause });
  if (isOneOf(codes.id, code)) {
    const words = 'PostgreSQL: a message with this id is recorded. Make a new UUID for each message.';
    return new ValidationError(words, { cause });
  }
  if (isOneOf(codes.slow, code))
    return new TimeoutError(`${said}. Nothing has changed.`, { cause, outcome: 'rejected' });
  if (code === '25P02') {
    return new DeliveryError(`${said}. A statement before has failed: roll the transaction back.`, {
      cause,
      outcome: 'rejected',
    });
  }
  if (/timeout exceeded when trying to connect|connection timeout/.test(text)) {
    return new TimeoutError(`${said}. All connections of the pool are in use, or the database does not answer.`, {
      cause,
      outcome: 'rejected',
    });
  }
  if (text === 'Query read timeout') return new TimeoutError(`${said}. ${whetherDone}`, { cause });
  const mayBeDone = stage === 'query' && isConnectionLost(error);
  // What has no code is of a client, which says that its connection is lost, or that it is used in a wrong way.
  const isLost = mayBeDone && (code !== undefined || /terminated|connection error|not queryable/i.test(text));
  const retryable = code === undefined ? isLost || stage === 'connect' : passing.test(code) || isCollision(error);
  const advice = adviceFor(code, isLost);
  return new DeliveryError(`${said}${advice}`, { cause, retryable, outcome: mayBeDone ? 'unknown' : 'rejected' });
}

function adviceFor(code: string | undefined, isLost: boolean): string {
  if (code === '53100') return '. Make room on the disk of the database.';
  if (code === '53300') return '. Use smaller pools, or raise max_connections of the database.';
  if (code === '25006') return '. The database is read-only: connect to the primary server.';
  if (code === 'ECONNREFUSED') return '. Nothing listens there: check the address, and that the database runs.';
  return isLost ? `. The connection was lost. ${whetherDone}` : '';
}

/** The error of `pg` within that of Drizzle, whose text has the values of the statement, or of Prisma. */
function originOf(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const cause = Reflect.get(Object(Reflect.get(Object(Reflect.get(error, 'meta')), 'driverAdapterError')), 'cause');
  const { originalCode, originalMessage } = Object(cause) as { originalCode?: unknown; originalMessage?: unknown };
  if (typeof originalCode === 'string') {
    return Object.assign(new Error(String(originalMessage)), { code: originalCode });
  }
  return error.cause instanceof Error && codeOf(error) === undefined ? error.cause : error;
}
