import { createHash } from 'node:crypto';
import type { OutgoingMessage } from '../../message.js';

/** Namespace of our keys: any UUID that nobody else uses. */
const namespace = Buffer.from('6d6e6a1f0b1c4d0c9a1de0b2c3f45a97', 'hex');

/**
 * The `idempotency_key` of a request: a UUID that is the same whenever the same message goes to the same recipients, in whatever
 * order, and another one for the next 20 000 recipients of a message, which OneSignal would else drop as a duplicate.
 * Source: RFC 9562, 5.5 (version 5)
 * @param kind what the recipients are
 */
export function idempotencyKey(
  { id, idempotencyKey: name = id }: Pick<OutgoingMessage, 'id' | 'idempotencyKey'>,
  kind: string,
  recipients: readonly string[],
): string {
  const hash = createHash('sha1')
    .update(namespace)
    .update(JSON.stringify([name, kind, ...recipients.toSorted()]));
  const bytes = hash.digest();
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x50, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  return bytes.toString('hex', 0, 16).replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}
