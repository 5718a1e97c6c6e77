import { ValidationError } from '../../core/errors.js';
import { isRecord } from '../../wire/is-record.js';
import type { ApiCommand, ApiParameters, ApiQuery } from '../contract/api-request.js';

/** A request to the HTTP API that has been checked. */
export interface CheckedApiRequest {
  readonly method: 'GET' | 'POST';
  /** Below `/apps/APPID`. It begins with a slash. */
  readonly path: string;
  readonly parameters: Readonly<Record<string, string>>;
  /** Of a POST. */
  readonly body: object;
}

/** The parameters that sign a request. */
const reserved = ['auth_key', 'auth_timestamp', 'auth_version', 'auth_signature', 'body_md5'];

/**
 * Checks a query in either of its forms.
 * @throws ValidationError for a wrong path or parameter, and for parameters in both places
 */
export function checkedQuery(query: string | ApiQuery, params: ApiParameters | undefined): CheckedApiRequest {
  const { path, params: own } = wholeOf(query);
  if (own !== undefined && params !== undefined) throw twice('params');
  return {
    method: 'GET',
    path: checkedPath(path),
    parameters: checkedParameters(own === undefined ? params : own),
    body: {},
  };
}

/**
 * Checks a command in either of its forms.
 * @throws ValidationError for a wrong path, parameter or body, and for any of them in both places
 */
export function checkedCommand(
  command: string | ApiCommand,
  body: object | undefined,
  params: ApiParameters | undefined,
): CheckedApiRequest {
  const { path, params: own, body: ownBody } = wholeOf(command) as ApiCommand;
  if (own !== undefined && params !== undefined) throw twice('params');
  if (ownBody !== undefined && body !== undefined) throw twice('body');
  return {
    method: 'POST',
    path: checkedPath(path),
    parameters: checkedParameters(own === undefined ? params : own),
    body: checkedBody(ownBody === undefined ? body : ownBody),
  };
}

function wholeOf(given: string | ApiQuery): ApiQuery {
  return typeof given === 'object' && given !== null ? given : { path: given };
}

function twice(what: string): ValidationError {
  return new ValidationError(`"${what}" is given twice: in the object, and beside it.`);
}

/** Checks a path. @throws ValidationError for a path that may leave the application's own part of the API */
function checkedPath(given: unknown): string {
  const path = typeof given === 'string' && /^[^/]/.test(given) ? `/${given}` : given;
  if (
    typeof path === 'string' &&
    /^(?:\/(?:[\w\-.~!$&'()*+,;=:@]|%[0-9a-f]{2})+)+$/i.test(path) &&
    !path.split('/').some((segment) => /^(?:\.|%2e){1,2}$/i.test(segment)) &&
    isDecodable(path)
  )
    return path;
  throw new ValidationError(
    'The path must be percent-encoded, and hold no "..", "?" or "#", such as "/channels/orders". Pass parameters as "params".',
  );
}

function isDecodable(path: string): boolean {
  try {
    return decodeURIComponent(path) !== '';
  } catch {
    return false;
  }
}

/**
 * Checks query parameters.
 * @throws ValidationError for a parameter of the signature, and for a value that is no string, number or boolean
 */
function checkedParameters(params: ApiParameters = {}): Record<string, string> {
  if (!isRecord(params)) throw new ValidationError('The parameters must be an object, such as { info: "user_count" }.');
  return Object.fromEntries(
    Object.entries(params).map(([name, value]) => {
      if (reserved.includes(name.toLowerCase()))
        throw new ValidationError(`The backend itself sets the parameter "${name}": leave it out.`);
      if (!['string', 'number', 'boolean'].includes(typeof value) || !String(value).isWellFormed())
        throw new ValidationError(`The parameter "${name}" must be a string, a number or a boolean.`);
      return [name, String(value)];
    }),
  );
}

/**
 * Checks a body. It is turned into JSON and back once, so that a `toJSON` cannot change it after signing.
 * @throws ValidationError
 */
function checkedBody(body: unknown = {}): object {
  try {
    const sent: unknown = isRecord(body) ? JSON.parse(JSON.stringify(body)) : undefined;
    if (isRecord(sent)) return sent;
  } catch (cause) {
    throw new ValidationError('The body cannot be turned into JSON.', { cause });
  }
  throw new ValidationError('The body must be an object, which is sent as JSON.');
}
