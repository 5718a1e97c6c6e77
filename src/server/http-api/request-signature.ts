import { type AppKeys, bodyMd5, isSameSignature, sign } from '../../pusher-protocol/signature.js';
import { HttpError } from '../../web/http-error.js';
import { type RequestTarget, saysTheSame, signedTexts } from './signed-text.js';

/** Pusher: the timestamp of a request may be 600 s off. */
const TIMESTAMP_WINDOW_SECONDS = 600;

/** The parameters that are lists. All others come once. */
const lists: ReadonlySet<string> = new Set(['channels', 'channels[]']);

/**
 * Checks the signature of a request, for which its body is not needed. The body is for {@link checkBody}.
 * @returns the request's parameters, with their names in lower case: so they were signed
 * @throws HttpError 401, saying what is wrong with the signature; 400 when it fits another request, too
 */
export function checkSignature(target: RequestTarget, { pubKey, secretKey }: AppKeys): URLSearchParams {
  const sent = new URLSearchParams(target.query);
  const parameters = inLowerCase(sent);
  const [key, timestamp, version, signature] = ['auth_key', 'auth_timestamp', 'auth_version', 'auth_signature'].map(
    (name) => {
      const value = parameters.get(name);
      if (value === null || value === '')
        throw new HttpError(401, `The request is not signed: the parameter "${name}" is missing.`);
      return value;
    },
  );
  if (key !== pubKey) throw new HttpError(401, 'The auth_key is not the key of this application.');
  if (version !== '1.0') throw new HttpError(401, 'The auth_version must be 1.0.');
  if (
    !/^\d{1,15}$/.test(timestamp ?? '') ||
    Math.abs(Date.now() / 1000 - Number(timestamp)) > TIMESTAMP_WINDOW_SECONDS
  ) {
    throw new HttpError(
      401,
      `The auth_timestamp is more than ${TIMESTAMP_WINDOW_SECONDS} s off the server's clock, which shows ${Math.floor(Date.now() / 1000)}.`,
    );
  }
  const signed = signedTextOf(target, sent, signature ?? '', secretKey);
  if (signed === undefined)
    throw new HttpError(
      401,
      'The auth_signature is wrong: check the secret, and that path, parameters and body are signed as they are sent.',
    );
  if (!saysTheSame(signed, target))
    throw new HttpError(
      400,
      'Another request would have the same signature, because a signed text has no escapes. In the query, a name must not have "=", a value must not have "&NAME=" or "%" before two hexadecimal digits, and "+" is sent as %2B. An event goes in the body.',
    );
  return parameters;
}

/** The text that fits a signature; undefined when none does. */
function signedTextOf(
  target: RequestTarget,
  sent: URLSearchParams,
  signature: string,
  secretKey: string,
): string | undefined {
  for (const text of signedTexts(target, sent)) if (isSameSignature(signature, sign(text, secretKey))) return text;
  return undefined;
}

/**
 * The parameters with their names in lower case.
 * @throws HttpError 400 when one comes twice: it would be open which of them counts
 */
function inLowerCase(sent: URLSearchParams): URLSearchParams {
  const names = new Set<string>();
  let isLowerCase = true;
  for (const name of sent.keys()) {
    const lower = name.toLowerCase();
    if (lower !== name) isLowerCase = false;
    if (names.has(lower) && !lists.has(lower))
      throw new HttpError(400, `The parameter "${lower.slice(0, 100)}" comes more than once.`);
    names.add(lower);
  }
  if (isLowerCase) return sent;
  return new URLSearchParams([...sent].map(([name, value]): [string, string] => [name.toLowerCase(), value]));
}

/** Checks that a body is the one that was signed. @throws HttpError 401 when it is not */
export function checkBody(parameters: URLSearchParams, body: Uint8Array): void {
  const expected = parameters.get('body_md5');
  if (expected === null && body.length === 0) return;
  // Whoever sends a body knows its MD5, so the time of the comparison tells nothing.
  if (expected !== bodyMd5(body)) throw new HttpError(401, 'The body_md5 is missing, or is not that of the body.');
}
