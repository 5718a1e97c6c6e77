import { ValidationError } from '../../errors.js';
import { isRecord } from '../../is-record.js';

/** A query of the HTTP API. */
export interface PusherGet {
  /** What follows `/apps/APPID`, percent-encoded, such as `/channels/orders`. */
  readonly path: string;
  /** Query parameters as they are: they are encoded here. */
  readonly params?: Readonly<Record<string, string | number | boolean>> | undefined;
}

/** A command of the HTTP API. */
export interface PusherPost extends PusherGet {
  /** Sent as JSON. */
  readonly body: object;
}

/** Parameters that sign the others. */
const reserved = ['auth_key', 'auth_timestamp', 'auth_version', 'auth_signature', 'body_md5'];

/** @throws ValidationError for a path that may lead out of the application's own part of the API */
export function checkedPath(path: unknown): string {
  if (
    typeof path === 'string' &&
    /^(?:\/(?:[\w\-.~!$&'()*+,;=:@]|%[0-9a-f]{2})+)+$/i.test(path) &&
    !path.split('/').some((segment) => /^(?:\.|%2e){1,2}$/i.test(segment)) &&
    isDecodable(path)
  )
    return path;
  throw new ValidationError(
    `The path must begin with "/", as in "/channels/orders", percent-encoded, without "..", "?" or "#": give parameters as "params".`,
  );
}

function isDecodable(path: string): boolean {
  try {
    return decodeURIComponent(path) !== '';
  } catch {
    return false;
  }
}

/** @throws ValidationError for a parameter that signs the request, or is no text, number or boolean */
export function checkedParameters(params: PusherGet['params'] = {}): Record<string, string> {
  if (!isRecord(params)) throw new ValidationError('The parameters must be an object, such as { info: "user_count" }.');
  return Object.fromEntries(
    Object.entries(params).map(([name, value]) => {
      if (reserved.includes(name.toLowerCase()))
        throw new ValidationError(`The parameter "${name}" is set by the backend: leave it out.`);
      if (!['string', 'number', 'boolean'].includes(typeof value) || !String(value).isWellFormed())
        throw new ValidationError(`The parameter "${name}" must be a text, a number or a boolean.`);
      return [name, String(value)];
    }),
  );
}

/** The body as it is sent: read back, so that it is what was signed, whatever a `toJSON` does. @throws ValidationError */
export function checkedBody(body: unknown): object {
  try {
    const sent: unknown = isRecord(body) ? JSON.parse(JSON.stringify(body)) : undefined;
    if (isRecord(sent)) return sent;
  } catch (cause) {
    throw new ValidationError('The body cannot be turned into JSON.', { cause });
  }
  throw new ValidationError('The body must be an object, which is sent as JSON.');
}
