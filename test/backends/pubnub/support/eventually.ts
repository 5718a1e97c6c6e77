import { expect } from 'vitest';

/** `expect.poll` with time enough on a machine that is busy. */
export function eventually(probe: () => unknown): ReturnType<typeof expect.poll> {
  return expect.poll(probe, { timeout: 8000, interval: 10 });
}
