import { afterAll, beforeAll, expect, vi } from 'vitest';

// A timer that a file leaves, such as that of an SDK, could set others in the clock that the next file moves by hand.

const timers = (): number => process.getActiveResourcesInfo().filter((resource) => resource === 'Timeout').length;

let before: number;

beforeAll(() => {
  before = timers();
});

afterAll(async () => {
  // Sockets that close have timers of their own meanwhile, on a busy machine for seconds.
  await vi.waitFor(() => expect(timers(), 'timers left for the next file').toBeLessThanOrEqual(before), {
    timeout: 20_000,
  });
});
