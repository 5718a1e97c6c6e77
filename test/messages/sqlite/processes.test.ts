import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { DatabaseSync } from 'node:sqlite';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { programOutput } from '../../support/program-output.js';
import { sourceProgram } from '../../support/source-program.js';
import { newFile, openStore } from './files.js';

const root = fileURLToPath(new URL('../../..', import.meta.url));

/** A program with an open store, and `message()`, which makes one. */
function programOn(file: string, body: string): readonly string[] {
  const source = new URL('../../../src/messages/sqlite/index.ts', import.meta.url).href;
  return sourceProgram(`
    const { sqliteMessages } = await import(${JSON.stringify(source)});
    const store = sqliteMessages({ file: ${JSON.stringify(file)} });
    await store.open();
    const message = () => ({ id: crypto.randomUUID(), service: 'shop', event: 'a', recipients: { users: ['ada'] },
      priority: 'normal', relatedTo: [], content: 'x', details: '{}', sendAfter: { inMs: 0 } });
    ${body}`);
}

const run = (file: string, body: string): Promise<string> =>
  programOutput(process.execPath, [...programOn(file, body)], root);

describe('sqliteMessages, in several processes', () => {
  it('opens a new file in all of them at once, and gives each message to one', async () => {
    const file = newFile();
    const outputs = await Promise.all(
      Array.from({ length: 4 }, () =>
        run(
          file,
          `for (let n = 0; n < 25; n++) await store.insert([message(), message()], { now: undefined });
          for (;;) {
            const lease = { token: crypto.randomUUID(), ms: 60_000 };
            const claimed = await store.claim({ service: 'shop', lease, limit: 5, conditions: [], now: undefined });
            for (const { id } of claimed) console.log(id);
            if (claimed.length === 0) break;
          }
          await store.close();`,
        ),
      ),
    );
    const claimed = outputs.flatMap((output) => output.split('\n').filter((line) => line !== ''));
    expect(new Set(claimed).size).toBe(claimed.length);
    const store = await openStore({ file });
    expect(await store.count({ service: 'shop', states: ['SENDING'] })).toBe(claimed.length);
    expect(await store.count({ service: 'shop' })).toBe(200);
  });

  it('loses nothing that was recorded when one is killed in the middle', async () => {
    const file = newFile();
    const program = programOn(
      file,
      `for (;;) {
        const one = message();
        await store.insert([one], { now: undefined });
        console.log(one.id);
      }`,
    );
    const child = spawn(process.execPath, program, { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] });
    onTestFinished(() => void child.kill('SIGKILL'));
    let printed = '';
    for await (const chunk of child.stdout) {
      printed += chunk;
      if (printed.length > 4000) break;
    }
    child.kill('SIGKILL');
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    const ids = printed.split('\n').slice(0, -1);
    expect(ids.length).toBeGreaterThan(100);
    const store = await openStore({ file });
    expect((await store.get('shop', ids)).map(({ id }) => id).toSorted()).toEqual(ids.toSorted());
    const database = new DatabaseSync(file);
    onTestFinished(() => database.close());
    expect(database.prepare('PRAGMA integrity_check').get()).toEqual({ integrity_check: 'ok' });
  });

  it('refuses a file that it may not write', async () => {
    const file = newFile();
    await (await openStore({ file })).close();
    // The administrator may write everything, so the program becomes nobody first.
    const become = `process.setuid?.(process.getuid() === 0 ? 65534 : process.getuid());`;
    const source = new URL('../../../src/messages/sqlite/index.ts', import.meta.url).href;
    const program = `const { chmodSync } = await import('node:fs'); const { dirname } = await import('node:path');
      const { sqliteMessages } = await import(${JSON.stringify(source)});
      const file = ${JSON.stringify(file)};
      chmodSync(file, 0o444); chmodSync(dirname(file), 0o555);
      ${become}
      await sqliteMessages({ file }).open().catch((error) => console.log(error.name, error.message));`;
    expect(await programOutput(process.execPath, [...sourceProgram(program)], root)).toMatch(
      /^ConfigurationError sqlite: .*push\.db cannot be (written|opened)/,
    );
  });
});
