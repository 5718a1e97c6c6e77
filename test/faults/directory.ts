import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

/** A directory of a test's own, which goes with it. */
export function newDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'pushrail-faults-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}
