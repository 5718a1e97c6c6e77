import { readWebStream } from '../web/body.js';
import { HttpError, httpBodyRules } from '../web/http-error.js';
import { isRecord } from '../wire/is-record.js';

/** Room for a socket id, 100 percent-encoded channels of 200 characters, and fields of the application. */
const MAX_BYTES = 65_536;
/** Deadline of a body, in milliseconds. */
const TIMEOUT_MS = 10_000;

/** The application has mounted something else first, which is not the client's mistake. */
const BODY_WAS_READ =
  'The body was read before the push handler got the request, and nothing of it is left: mount the push handler before what parses bodies (in Fastify, by fastifyPushRoutes()), or hand on what was parsed as "body" of Node\'s request.';

const rules = httpBodyRules(MAX_BYTES, TIMEOUT_MS);

/** The fields of a request. Each has one value or more. */
export type Form = ReadonlyMap<string, readonly string[]>;

/**
 * Reads the fields of a form or of a JSON object.
 * @throws HttpError 415 for another content type, 413 for a body that is too large, 408 for one that is too late, 400
 * for one that is wrong
 */
export async function readForm(request: Request): Promise<Form> {
  const [type = ''] = (request.headers.get('content-type') ?? '').toLowerCase().split(';');
  const read = readers.get(type.trim());
  if (read === undefined)
    throw new HttpError(415, `The body must be ${[...readers.keys()].join(' or ')}.`, {
      Accept: [...readers.keys()].join(', '),
    });
  return read(await readBody(request));
}

/** The value of a field that may have one value only. @throws HttpError 400 when it has several */
export function oneOf(form: Form, name: string): string | undefined {
  const values = form.get(name) ?? [];
  if (values.length > 1) throw new HttpError(400, `"${name}" may be given only once.`);
  return values[0];
}

const readers: ReadonlyMap<string, (body: string) => Form> = new Map([
  ['application/x-www-form-urlencoded', fromUrlEncoded],
  ['application/json', fromJson],
]);

function fromUrlEncoded(body: string): Form {
  const form = new Map<string, string[]>();
  for (const [name, value] of new URLSearchParams(body)) {
    const values = form.get(name);
    if (values === undefined) form.set(name, [value]);
    else values.push(value);
  }
  return form;
}

function fromJson(body: string): Form {
  let fields: unknown;
  try {
    fields = JSON.parse(body);
  } catch {
    throw new HttpError(400, 'The body is not JSON.');
  }
  if (!isRecord(fields)) throw new HttpError(400, 'The body must be a JSON object.');
  const form = new Map<string, string[]>();
  for (const [name, value] of Object.entries(fields)) {
    const values: unknown[] = Array.isArray(value) ? value : [value];
    // The push handler reads text fields only; the application may add others.
    if (values.every((item) => typeof item === 'string')) form.set(name, values as string[]);
  }
  return form;
}

/**
 * Reads a request's body.
 * @throws HttpError 413 as soon as the body is known to be too large, 408 when it does not arrive in time, 400 when it
 * breaks off
 */
async function readBody(request: Request): Promise<string> {
  if (request.bodyUsed) throw new HttpError(500, BODY_WAS_READ);
  if (Number(request.headers.get('content-length') ?? 0) > MAX_BYTES) throw rules.tooLarge(MAX_BYTES);
  return request.body === null ? '' : new TextDecoder().decode(await readWebStream(request.body, rules));
}
