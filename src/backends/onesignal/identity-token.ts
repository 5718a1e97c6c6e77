import { createPrivateKey, type KeyObject, sign } from 'node:crypto';

/**
 * Reads the private key of OneSignal's Identity Verification: the PEM text from the dashboard.
 * @returns undefined for any other text, and for a key that ES256 does not take
 */
export function identityKey(pem: string): KeyObject | undefined {
  let key: KeyObject;
  try {
    // In environment variables, the line breaks of a PEM are often written as `\n`.
    key = createPrivateKey(pem.replaceAll('\\n', '\n'));
  } catch {
    return undefined;
  }
  return key.asymmetricKeyDetails?.namedCurve === 'prime256v1' ? key : undefined;
}

/** The content of a token. */
export interface IdentityClaims {
  readonly appId: string;
  readonly userId: string;
  readonly ttlMinutes: number;
}

/**
 * Makes the token that proves to OneSignal which user a client belongs to. It is a JWT, signed with ES256 (RFC 7518,
 * 3.4). Source: https://documentation.onesignal.com/docs/identity-verification
 */
export function identityToken(key: KeyObject, { appId, userId, ttlMinutes }: IdentityClaims): string {
  const now = Math.floor(Date.now() / 1000);
  const claims = { iss: appId, iat: now, exp: now + ttlMinutes * 60, identity: { external_id: userId } };
  const text = `${base64url({ alg: 'ES256', typ: 'JWT' })}.${base64url(claims)}`;
  return `${text}.${sign('sha256', Buffer.from(text), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`;
}

function base64url(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
