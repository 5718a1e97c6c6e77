import { createHash } from 'node:crypto';

/** Length of a key of the cipher XSalsa20-Poly1305, in bytes. Source: Pusher, "Encrypted channels". */
const KEY_BYTES = 32;
/** Length that Poly1305 adds to a text, in bytes. */
const MAC_BYTES = 16;
/** Length of `{"nonce":"…","ciphertext":""}` with a nonce of 24 bytes in base64. */
const ENVELOPE_BYTES = 60;

/** Whether a value is a master key: 32 bytes in base64. */
export function isMasterKey(value: unknown): boolean {
  return (
    typeof value === 'string' &&
    /^[A-Za-z0-9+/]*={0,2}$/.test(value) &&
    Buffer.from(value, 'base64').length === KEY_BYTES
  );
}

/** The key of one encrypted channel, in base64. A subscriber gets it as `shared_secret`. */
export function sharedSecret(channel: string, masterKeyBase64: string): string {
  return createHash('sha256').update(channel).update(Buffer.from(masterKeyBase64, 'base64')).digest('base64');
}

/** The data of an event on an encrypted channel. The SDK itself turns it into JSON and encrypts it. */
export function plainData(payload: string): unknown {
  return JSON.parse(payload, (_key, value: unknown, context?: { source?: string }) => exact(value, context?.source));
}

/** Keeps a number exactly as it was written, such as one of 20 digits, which JSON would round. */
function exact(value: unknown, source: string | undefined): unknown {
  if (typeof value !== 'number' || source === undefined || String(value) === source) return value;
  const rawJson: unknown = Reflect.get(JSON, 'rawJSON');
  return typeof rawJson === 'function' ? rawJson(source) : value;
}

/** Size of an event's data after encryption, in bytes. */
export function encryptedBytes(payload: string): number {
  const plain = Buffer.byteLength(JSON.stringify(plainData(payload)));
  return ENVELOPE_BYTES + 4 * Math.ceil((plain + MAC_BYTES) / 3);
}
