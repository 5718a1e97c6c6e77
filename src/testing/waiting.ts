/** Time between two checks, in milliseconds. */
const LOOK_EVERY_MS = 2;

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => void setTimeout(resolve, ms));
}

/** Checks until something holds. @returns whether it came to hold in time */
export async function until(holds: () => boolean | Promise<boolean>, ms: number): Promise<boolean> {
  const end = performance.now() + ms;
  for (;;) {
    if (await holds()) return true;
    if (performance.now() > end) return false;
    await pause(LOOK_EVERY_MS);
  }
}
