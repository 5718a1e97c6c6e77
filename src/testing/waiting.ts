/** Time between two checks, in milliseconds. */
const LOOK_EVERY_MS = 2;
/** The true clock, also when a harness moves the one of `performance` by hand. */
const now = performance.now.bind(performance);

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => void setTimeout(resolve, ms));
}

/** Checks until something holds. @returns whether it came to hold in time */
export async function until(holds: () => boolean | Promise<boolean>, ms: number): Promise<boolean> {
  const end = now() + ms;
  for (;;) {
    if (await holds()) return true;
    if (now() > end) return false;
    await pause(LOOK_EVERY_MS);
  }
}
