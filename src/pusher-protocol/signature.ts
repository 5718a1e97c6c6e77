import { createHmac, hash, timingSafeEqual } from 'node:crypto';

/**
 * Signs a text or bytes as the Channels protocol does: HMAC-SHA256 with the application's secret, as lower-case hex.
 * Source: "Authentication and authorization signatures" in the Channels documentation.
 */
export function sign(text: string | Uint8Array, secret: string): string {
  return createHmac('sha256', secret).update(text).digest('hex');
}

/** The text whose signature authorises a subscription. @param channelData on a presence channel, the member's JSON */
export function channelText(socketId: string, channel: string, channelData?: string): string {
  return channelData === undefined ? `${socketId}:${channel}` : `${socketId}:${channel}:${channelData}`;
}

/** The text whose signature signs a connection in as a user. @param userData the user's JSON */
export function userText(socketId: string, userData: string): string {
  return `${socketId}::user::${userData}`;
}

/** The text whose signature is a request's `auth_signature`: method, path, and the other parameters sorted by key. */
export function requestText(method: string, path: string, parameters: Iterable<readonly [string, string]>): string {
  const signed: [name: string, value: string][] = [];
  for (const [key, value] of parameters) if (key !== 'auth_signature') signed.push([key.toLowerCase(), value]);
  const query = signed
    .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
    .map(([key, value]) => `${key}=${value}`)
    .join('&');
  return `${method.toUpperCase()}\n${path}\n${query}`;
}

/** The parameter `body_md5` of a signed request. */
export function bodyMd5(body: string | Uint8Array): string {
  return hash('md5', body);
}

/** Whether a text may be a signature of {@link sign}. */
export function isSignature(text: string): boolean {
  return /^[0-9a-f]{64}$/.test(text);
}

/** Compares two signatures in constant time. Texts of different lengths are unequal. */
export function isSameSignature(found: string, expected: string): boolean {
  const a = Buffer.from(found);
  const b = Buffer.from(expected);
  return a.length === b.length && timingSafeEqual(a, b);
}

/** An application's keys: the public one, which browsers know, and the secret that signs. */
export interface AppKeys {
  readonly pubKey: string;
  readonly secretKey: string;
}

/** The `auth` of a subscription or sign-in: `KEY:SIGNATURE`. @param text by {@link channelText} or {@link userText} */
export function authFor(text: string, { pubKey, secretKey }: AppKeys): string {
  return `${pubKey}:${sign(text, secretKey)}`;
}

/** Whether the application has signed a text with the `auth` that a client sent. */
export function isAuthorized(auth: unknown, text: string, keys: AppKeys): boolean {
  return typeof auth === 'string' && isSameSignature(auth, authFor(text, keys));
}
