import { onTestFinished, vi } from 'vitest';

/** The package as an application has it that loads it twice. What a test file loads afterwards is new. */
export async function anotherCopy(): Promise<typeof import('../../src/index.js')> {
  vi.resetModules();
  // Else later files would share the copy, whose default service is that of the first.
  onTestFinished(() => void vi.resetModules());
  return import('../../src/index.js');
}
