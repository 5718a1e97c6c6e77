import { afterAll, beforeAll, expect, vi } from 'vitest';

// Test files share a process, one after the other. Each has to leave it as it found it, so that none counts on another.

// Copies of the package share their default service. Where a file loads the sources anew, they make one of their own.
Reflect.deleteProperty(globalThis, Symbol.for('pushrail.v0.PushService'));

const events = ['warning', 'uncaughtException', 'unhandledRejection', 'SIGINT', 'SIGTERM'] as const;

interface Shared {
  readonly directory: string;
  readonly environment: NodeJS.ProcessEnv;
  readonly fetch: typeof fetch;
  readonly console: object;
  readonly random: () => number;
  readonly listeners: readonly number[];
  readonly servers: number;
}

function shared(): Shared {
  return {
    directory: process.cwd(),
    environment: { ...process.env },
    fetch: globalThis.fetch,
    console: { ...console },
    random: Math.random,
    listeners: events.map((event) => process.listenerCount(event)),
    servers: process.getActiveResourcesInfo().filter((resource) => resource === 'TCPServerWrap').length,
  };
}

let before: Shared;

beforeAll(() => {
  before = shared();
});

afterAll(async () => {
  expect(vi.isFakeTimers(), 'fake timers are left').toBe(false);
  // What was closed a moment ago may take one more, on a busy machine several.
  await vi.waitFor(
    () => {
      const after = shared();
      for (const what of Object.keys(before) as (keyof Shared)[])
        expect(after[what], `left changed for the next file: ${what}`).toEqual(before[what]);
    },
    { timeout: 10_000 },
  );
});
