import { ConfigurationError, PushError, TimeoutError, ValidationError } from '../../core/errors.js';
import { DeliveryError } from '../../core/report.js';
import { codeOf, isOneOf } from '../sql/failures.js';
import type { Stage } from '../sql/pooled-database.js';

/** Numbers of errors: "Server Error Message Reference" of MySQL's manual, "MariaDB Error Codes" of MariaDB's. */
const numbers = {
  /** No such table or column: the schema is not there, or is older than the code. */
  schema: [1146, 1054, 1109],
  /** Wrong user or password, no database, no right. */
  access: [1044, 1045, 1046, 1049, 1142, 1143, 1227, 1251, 1370, 1698, 3118, 3159, 4151],
  /** A text that cannot be stored, or that is too long. */
  data: [1264, 1366, 1406, 3988],
  /** A statement that is larger than the server takes. It closes the connection. */
  packet: [1153, 1301],
  /** Deadlock, or too long a wait for a lock; a row that has changed since the transaction began. */
  collision: [1213, 1205, 1020],
  /** A time limit of the server's. */
  slow: [1969, 3024],
  readOnly: [1290, 1792, 1836],
  full: [1021, 1114, 1041, 1037, 1038],
  connections: [1040, 1203, 1226],
  /** Shutting down, killed, or a node of a cluster that is not ready. */
  away: [1047, 1053, 1077, 1079, 1080, 1152, 1158, 1159, 1160, 1161, 1184, 1317, 1927, 4031],
} as const;

const passing: readonly number[] = [
  ...numbers.collision,
  ...numbers.readOnly,
  ...numbers.full,
  ...numbers.connections,
  ...numbers.away,
];

/** Codes of `mysql2` for an encryption or a way of signing in that server and client do not share. */
const handshake = /^(?:HANDSHAKE_|AUTH_SWITCH_|ER_NOT_SUPPORTED_AUTH_MODE)/;

const whetherDone = 'Whether the statement was carried out is unknown.';

/** Whether a statement failed because another transaction was in its way, and left nothing behind. */
export function isCollision(error: unknown): boolean {
  return isOneOf(numbers.collision, numberOf(error));
}

/** Whether the connection of a statement may be unusable after its error. */
export function isConnectionLost(error: unknown): boolean {
  const number = numberOf(error);
  return number === undefined || isOneOf([...numbers.away, ...numbers.packet, ...numbers.readOnly], number);
}

/**
 * An error of `mysql2` as one of this package. Its cause has the message and the code alone: `mysql2` adds the
 * statement, which holds the values where an application runs it.
 * @param stage before `query`, nothing was sent to the database
 * @param redact takes the password out of a text
 */
export function storeFailure(thrown: unknown, stage: Stage, redact: (text: string) => string): PushError {
  if (PushError.isPushError(thrown)) return thrown;
  const error = originOf(thrown);
  const [number, code] = [numberOf(error), codeOf(error)];
  const text = redact(error instanceof Error && error.message !== '' ? error.message : (code ?? 'no reason given'));
  const cause = Object.assign(
    new Error(text),
    code !== undefined && { code },
    number !== undefined && { errno: number },
  );
  const said = `MySQL: ${text.replace(/\.$/, '')}`;
  if (isOneOf(numbers.schema, number)) {
    const advice = 'run "pushrail migrate", or call migrate() of the message store';
    return new ConfigurationError(`${said}. The tables of recorded messages are missing or too old: ${advice}.`, {
      cause,
    });
  }
  if (isOneOf(numbers.access, number) || (code !== undefined && handshake.test(code)))
    return new ConfigurationError(`${said}. Check the user, the password, the database and the user's rights.`, {
      cause,
    });
  if (isOneOf(numbers.data, number)) return new ValidationError(`${said}. Nothing has changed.`, { cause });
  if (isOneOf(numbers.packet, number)) {
    const advice = 'What is to be kept is too large for the database: raise its max_allowed_packet';
    return new ValidationError(`${said}. Nothing has changed. ${advice}.`, { cause });
  }
  if (number === 1062) {
    const words = 'MySQL: a message with this id is recorded. Make a new UUID for each message.';
    return new ValidationError(words, { cause });
  }
  if (isOneOf(numbers.slow, number))
    return new TimeoutError(`${said}. Nothing has changed.`, { cause, outcome: 'rejected' });
  const isLost =
    stage === 'query' && (number === undefined ? isOfConnection(code, text) : isOneOf(numbers.away, number));
  const retryable = number === undefined ? isLost || stage === 'connect' : isOneOf(passing, number);
  const advice = adviceFor(number, code, isLost);
  return new DeliveryError(`${said}${advice}`, { cause, retryable, outcome: isLost ? 'unknown' : 'rejected' });
}

function adviceFor(number: number | undefined, code: string | undefined, isLost: boolean): string {
  if (isOneOf(numbers.full, number)) return '. Make room on the disk and in the memory of the database.';
  if (isOneOf(numbers.connections, number)) return '. Use smaller pools, or raise max_connections of the database.';
  if (isOneOf(numbers.readOnly, number)) return '. The database is read-only: connect to the primary server.';
  if (isOneOf(numbers.collision, number)) return '. Another transaction was in the way: roll back, and try again.';
  if (code === 'ECONNREFUSED') return '. Nothing listens there: check the address, and that the database runs.';
  return isLost ? `. The connection was lost. ${whetherDone}` : '.';
}

/** Whether an error that is not the server's is of a connection, and not of a client that is used in a wrong way. */
function isOfConnection(code: string | undefined, text: string): boolean {
  return code === undefined
    ? /closed state|connection lost|is closed/i.test(text)
    : /^(?:PROTOCOL_|E[A-Z]{3,})/.test(code);
}

/** The error of `mysql2` within that of Drizzle, whose text has the values of the statement. */
function originOf(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  return error.cause instanceof Error && codeOf(error) === undefined ? error.cause : error;
}

/** The server's number; undefined for an error of Node's or of `mysql2`. */
function numberOf(error: unknown): number | undefined {
  const { errno, sqlState } = Object(originOf(error)) as { errno?: unknown; sqlState?: unknown };
  // Those of Node's are negative. Some connections are refused without a state.
  return typeof errno === 'number' && (errno > 1000 || typeof sqlState === 'string') ? errno : undefined;
}
