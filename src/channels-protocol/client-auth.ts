import { isSameSignature, sign } from './signature.js';

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
