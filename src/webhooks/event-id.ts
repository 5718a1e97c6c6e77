import { createHash, randomUUID } from 'node:crypto';

/**
 * The id of an event that came without one. The same text is the same event, as long as it tells when that happened; otherwise it may
 * well be another one, and no id of it comes again: better twice than not at all.
 */
export function madeId(event: unknown, hasTime: boolean): string {
  const text = hasTime ? textOf(event) : undefined;
  return text === undefined ? randomUUID() : createHash('sha256').update(text).digest('base64url');
}

/** The event as JSON; undefined when it is nested too deeply, for JSON can be read to any depth, but not written. */
function textOf(event: unknown): string | undefined {
  try {
    return JSON.stringify(event);
  } catch {
    return undefined;
  }
}
