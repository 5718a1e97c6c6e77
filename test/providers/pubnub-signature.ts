import { createHmac } from 'node:crypto';
import type { ProviderRequest } from './provider-server.js';

/**
 * Whether the signature, version 2, is right. That of a publish is over a GET without the body, whatever the method.
 * Source: https://www.pubnub.com/docs/general/security/access-control#signing-requests
 */
export function isSigned(request: ProviderRequest, pubKey: string, secretKey: string): boolean {
  const { method, path, query, body } = request;
  const parameters = [...query].filter(([key]) => key !== 'signature').sort(([a], [b]) => (a < b ? -1 : 1));
  const text = parameters.map(([key, value]) => `${key}=${encoded(value)}`).join('&');
  const signed = path.startsWith('/publish/') ? 'GET' : method;
  const input = `${signed}\n${pubKey}\n${path}\n${text}\n${signed === 'POST' ? body : ''}`;
  const signature = createHmac('sha256', secretKey).update(input).digest('base64url');
  const given = query.get('signature');
  return given === null ? !path.includes('/pam/') : given === `v2.${signature}`;
}

function encoded(value: string): string {
  return encodeURIComponent(value).replaceAll(
    /[!~*'()]/g,
    (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
