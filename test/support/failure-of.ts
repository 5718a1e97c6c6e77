import { expect } from 'vitest';

/** The error that a promise or a call ends with, which must be of the given class. */
export async function failureOf<Failure extends Error>(
  errorClass: new (...parameters: never[]) => Failure,
  work: Promise<unknown> | (() => unknown),
): Promise<Failure> {
  let failure: unknown;
  try {
    const result = await (typeof work === 'function' ? work() : work);
    expect.fail(`expected ${errorClass.name}, got the result ${JSON.stringify(result)}`);
  } catch (error) {
    failure = error;
  }
  expect(failure).toBeInstanceOf(errorClass);
  return failure as Failure;
}
