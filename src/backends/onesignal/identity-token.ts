import { createPrivateKey, type KeyObject, sign } from 'node:crypto';

/**
 * Reads the private key of OneSignal's Identity Verification, a PEM text as the dashboard hands it out.
 * @returns undefined when it is none, or of another kind than ES256 takes
 */
export function identityKey(pem: string): KeyObject | undefined {
  let key: KeyObject;
  try {
    // Environment variables often hold the line ends of a PEM as `\n`.
    key = createPrivateKey(pem.replaceAll('\\n', '\n'));
  } catch {
    return undefined;
  }
  return key.asymmetricKeyDetails?.namedCurve === 'prime256v1' ? key : undefined;
}

/** What a token says. */
export interface IdentityClaims {
  readonly appId: string;
  readonly userId: string;
  readonly ttlMinutes: number;
}

/**
 * The token by which OneSignal believes a client that it is a user's: a JWT, signed with ES256 (RFC 7518, 3.4).
 * Source: https://documentation.onesignal.com/docs/identity-verification
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
