import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { programOutput } from '../support/program-output.js';

/** Runs a program that notes which modules are loaded. @returns what it prints, without the folder of the package */
async function loadedBy(program: string): Promise<readonly string[]> {
  // Inside the repository, so that the package finds itself by its name.
  const folder = mkdtempSync(join(import.meta.dirname, '.loading-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  writeFileSync(
    join(folder, 'program.mjs'),
    `import { registerHooks } from 'node:module';
    const loaded = [];
    registerHooks({ load(url, context, next) { loaded.push(url); return next(url, context); } });
    const { createPushService } = await import('pushrail');
    const options = { backend: 'console', options: { stream: { write() {} } } };
    const message = { event: 'order.shipped', channels: 'orders', data: { orderId: 42 } };
    ${program}
    console.log(loaded.join('\\n'));`,
  );
  const printed = await programOutput(process.execPath, [join(folder, 'program.mjs')], folder, { PUSH_MESSAGES: '' });
  return printed.trim().split('\n');
}

const ofStores = /recording|\/messages\/|sqlite|mysql|\/pg\//;

it('loads nothing of message stores before a service has one', async () => {
  const loaded = await loadedBy(`const push = createPushService(options);
    await push.send(message);
    await push.close();`);
  expect(loaded.some((url) => url.endsWith('/dist/index.js'))).toBe(true);
  expect(loaded.filter((url) => ofStores.test(url))).toEqual([]);
});

it('loads one message store, and no other, for a service that has it', async () => {
  const loaded = await loadedBy(`const push = createPushService({ ...options, messages: 'memory:' });
    await push.send(message);
    await push.close();`);
  const found = loaded.filter((url) => ofStores.test(url)).map((url) => url.replace(/^.*\/dist\//, ''));
  expect(found).toContain('messages/memory/index.js');
  expect(found.filter((url) => /sqlite|postgres|mysql|\/pg\//.test(url))).toEqual([]);
});
