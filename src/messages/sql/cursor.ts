import { ValidationError } from '../../core/errors.js';

/** The last message of a page. */
export interface Position {
  readonly createdAt: number;
  readonly id: string;
}

/** The cursor of the page that follows on a message. */
export function cursorOf(last: { readonly created_at: number; readonly id: string }): string {
  return `${last.created_at}_${last.id}`;
}

/** @throws ValidationError for a text that {@link cursorOf} did not make */
export function parseCursor(cursor: string): Position {
  const [, time, id] = /^(-?\d{1,16})_(.+)$/s.exec(cursor) ?? [];
  if (time === undefined || id === undefined) throw noCursor(cursor);
  return { createdAt: Number(time), id };
}

/** The error for a text that no page came with. */
export function noCursor(cursor = ''): ValidationError {
  return new ValidationError(
    `cursor: ${JSON.stringify(cursor.slice(0, 100))} is none. Pass the cursor that the page before came with, as it is.`,
  );
}
