import { isSameSignature, sign } from '../../channels-protocol/signature.js';
import type { WebSocketApp } from './options.js';

/** The `auth` of a subscription or sign-in: `KEY:SIGNATURE`. */
export function authFor(text: string, { pubKey, secretKey }: Pick<WebSocketApp, 'pubKey' | 'secretKey'>): string {
  return `${pubKey}:${sign(text, secretKey)}`;
}

/** Whether a client's `auth` is the application's over this text. */
export function isAuthorized(auth: unknown, text: string, app: WebSocketApp): boolean {
  return typeof auth === 'string' && isSameSignature(auth, authFor(text, app));
}
