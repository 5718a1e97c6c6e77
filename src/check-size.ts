import { ValidationError } from './errors.js';

/**
 * Holds the size of an event's encoded payload against the limit of the backend, in UTF-8 bytes.
 * @throws ValidationError
 */
export function checkSize(payload: string, limit: number, backend: string): void {
  // A UTF-16 code unit takes three bytes at most: short texts need no count.
  if (payload.length * 3 <= limit) return;
  const bytes = Buffer.byteLength(payload);
  if (bytes > limit) {
    throw new ValidationError(
      `"data" takes ${bytes} bytes as JSON; the ${backend} backend takes ${limit}. Send less, or send a reference that the receiver fetches.`,
      { backend },
    );
  }
}
