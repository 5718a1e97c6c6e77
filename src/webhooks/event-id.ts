import { createHash, randomUUID } from 'node:crypto';

/**
 * Makes an id for an event that came without one. An event with a time gets the same id whenever it comes. An event
 * without a time gets a random id: the same text may be another event, and handling it twice is better than dropping
 * it.
 */
export function madeId(event: unknown, hasTime: boolean): string {
  const text = hasTime ? textOf(event) : undefined;
  return text === undefined ? randomUUID() : createHash('sha256').update(text).digest('base64url');
}

/** The event as JSON; undefined when it is nested too deeply. JSON can be read at any depth, but not written. */
function textOf(event: unknown): string | undefined {
  try {
    return JSON.stringify(event);
  } catch {
    return undefined;
  }
}
