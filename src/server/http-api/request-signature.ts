import { type AppKeys, bodyMd5, isSameSignature, requestText, sign } from '../../pusher-protocol/signature.js';
import { HttpError } from '../../web/http-error.js';

/** Pusher: the timestamp of a request may be 600 s off. */
const TIMESTAMP_WINDOW_SECONDS = 600;

/** The method and address of a request, as it was sent. */
export interface RequestTarget {
  readonly method: string;
  /** Still percent-encoded. */
  readonly path: string;
  /** The part after the question mark, still percent-encoded. */
  readonly query: string;
}

/**
 * Checks the signature of a request, for which its body is not needed. The body is for {@link checkBody}.
 * @returns the request's parameters
 * @throws HttpError 401, saying what is wrong with the signature
 */
export function checkSignature(target: RequestTarget, { pubKey, secretKey }: AppKeys): URLSearchParams {
  const parameters = new URLSearchParams(target.query);
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
  const isSigned = signedTexts(target, parameters).some((text) =>
    isSameSignature(signature ?? '', sign(text, secretKey)),
  );
  if (!isSigned)
    throw new HttpError(
      401,
      'The auth_signature is wrong: check the secret, and that path, parameters and body are signed as they are sent.',
    );
  return parameters;
}

/** Checks that a body is the one that was signed. @throws HttpError 401 when it is not */
export function checkBody(parameters: URLSearchParams, body: Uint8Array): void {
  const expected = parameters.get('body_md5');
  if (expected === null && body.length === 0) return;
  if (expected === null || !isSameSignature(expected, bodyMd5(body)))
    throw new HttpError(401, 'The body_md5 is missing, or is not that of the body.');
}

/**
 * The texts of which one has to be signed: most SDKs sign the plain text and encode it afterwards, some sign the
 * encoded text.
 */
function signedTexts({ method, path, query }: RequestTarget, parameters: URLSearchParams): readonly string[] {
  const raw = query.split('&').map((pair): [string, string] => {
    const [key = '', ...value] = pair.split('=');
    return [key, value.join('=')];
  });
  return [requestText(method, decodeURIComponent(path), parameters), requestText(method, path, raw)];
}
