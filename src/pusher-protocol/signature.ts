import { createHash, createHmac, timingSafeEqual } from 'node:crypto';

/**
 * The signatures of the Channels protocol: HMAC-SHA256 with the application's secret, as lower-case hex.
 * Source: "Authentication and authorization signatures" in the Channels documentation.
 */
export function sign(text: string | Uint8Array, secret: string): string {
  return createHmac('sha256', secret).update(text).digest('hex');
}

/** The text that authorises a subscription. `channelData` is the member's JSON on a presence channel. */
export function channelText(socketId: string, channel: string, channelData?: string): string {
  return channelData === undefined ? `${socketId}:${channel}` : `${socketId}:${channel}:${channelData}`;
}

/** The text that signs a connection in as a user. */
export function userText(socketId: string, userData: string): string {
  return `${socketId}::user::${userData}`;
}

/** The text that signs an HTTP request: its parameters sorted by key, `auth_signature` left out. */
export function requestText(method: string, path: string, parameters: Iterable<readonly [string, string]>): string {
  const query = [...parameters]
    .filter(([key]) => key !== 'auth_signature')
    .map(([key, value]) => [key.toLowerCase(), value] as const)
    .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
    .map(([key, value]) => `${key}=${value}`)
    .join('&');
  return `${method.toUpperCase()}\n${path}\n${query}`;
}

/** The `body_md5` parameter of a signed request. */
export function bodyMd5(body: string | Uint8Array): string {
  return createHash('md5').update(body).digest('hex');
}

/** Compares in constant time; texts of different lengths are unequal. */
export function isSameSignature(found: string, expected: string): boolean {
  const a = Buffer.from(found);
  const b = Buffer.from(expected);
  return a.length === b.length && timingSafeEqual(a, b);
}

/** An application's keys, as the protocol uses them. */
export interface AppKeys {
  readonly pubKey: string;
  readonly secretKey: string;
}

/** The `auth` of a subscription or sign-in: `KEY:SIGNATURE`. */
export function authFor(text: string, { pubKey, secretKey }: AppKeys): string {
  return `${pubKey}:${sign(text, secretKey)}`;
}

/** Whether a client's `auth` is the application's over this text. */
export function isAuthorized(auth: unknown, text: string, keys: AppKeys): boolean {
  return typeof auth === 'string' && isSameSignature(auth, authFor(text, keys));
}
