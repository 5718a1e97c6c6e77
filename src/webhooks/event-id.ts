import { createHash, randomUUID } from 'node:crypto';

/**
 * The id of an event that came without one. The same text is the same event, as long as it tells when that happened; otherwise it may
 * well be another one, and no id of it comes again: better twice than not at all.
 */
export function madeId(event: unknown, hasTime: boolean): string {
  return hasTime ? createHash('sha256').update(JSON.stringify(event)).digest('base64url') : randomUUID();
}
