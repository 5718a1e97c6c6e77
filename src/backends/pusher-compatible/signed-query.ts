import { REDACTED } from '../../core/redaction.js';
import { bodyMd5, requestText, sign } from '../../pusher-protocol/signature.js';

/** The parameter that signs the others. */
const SIGNATURE = 'auth_signature';

/** A request to the HTTP API, before it is signed. */
export interface UnsignedRequest {
  readonly method: 'GET' | 'POST';
  /** Percent-encoded, as it will be sent. */
  readonly path: string;
  readonly parameters?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** Makes the query of a signed request. */
export function signedQuery(
  { method, path, parameters, body }: UnsignedRequest,
  pubKey: string,
  secretKey: string,
): string {
  const query = new URLSearchParams({
    ...parameters,
    auth_key: pubKey,
    auth_timestamp: String(Math.floor(Date.now() / 1000)),
    auth_version: '1.0',
    ...(body !== undefined && { body_md5: bodyMd5(body) }),
  });
  query.set(SIGNATURE, sign(requestText(method, decodeURIComponent(path), query), secretKey));
  return query.toString();
}

/** Removes a signed query and its signature from a text. Servers quote them when they refuse a request. */
export function withoutSignature(text: string, query: string): string {
  const signature = new URLSearchParams(query).get(SIGNATURE) ?? '';
  return text.replaceAll(query, REDACTED).replaceAll(signature, REDACTED);
}
