import * as z from 'zod/mini';

// What the schemas of settings are often made of.

/** A text that is not empty. */
export function nonEmpty(): z.ZodMiniString<string> {
  return z.string().check(z.minLength(1, 'must not be empty'));
}

/** A whole number of at least `min`, and at most `max` where there is one. */
export function whole(min: number, max?: number): z.ZodMiniNumber<number> {
  const bounds = max === undefined ? [z.minimum(min)] : [z.minimum(min), z.maximum(max)];
  return z.int().check(...bounds);
}
