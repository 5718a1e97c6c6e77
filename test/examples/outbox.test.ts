import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { expect, it } from 'vitest';
import { withPostgres } from '../support/postgres.js';

const database = withPostgres();
const file = join(import.meta.dirname, '../../examples/outbox/outbox.js');

async function run(DATABASE_URL: string): Promise<{ code: unknown; printed: string; complained: string }> {
  const child = spawn(process.execPath, [file], { env: { ...process.env, DATABASE_URL }, timeout: 50_000 });
  const exit = once(child, 'exit');
  const [printed, complained] = await Promise.all([text(child.stdout), text(child.stderr)]);
  const [code] = await exit;
  return { code, printed, complained };
}

it('a push goes out for each order that was committed, and for no other', { timeout: 60_000 }, async () => {
  const { code, printed, complained } = await run(database.url());
  expect({ code, complained }).toEqual({ code: 0, complained: '' });
  expect(printed).toBe(`1. An order, and its push in the same transaction.
   before the commit, others see no message: 0
   pushed to shop: order.placed {"order":1,"item":"a lamp"}
   a lamp: orders 1, messages 1
2. The payment fails, and the order is rolled back: nothing is sent.
   a car: orders 0, messages 0
3. The process dies before the commit: no order, no push.
   the process has ended by SIGKILL
   a boat: orders 0, messages 0
4. The process dies right after the commit: another one sends the push.
   the process has ended by SIGKILL
   pushed to shop: order.placed {"order":4,"item":"a tent"}
   a tent: orders 1, messages 1
`);
  const left = await database.run(`SELECT nspname FROM pg_namespace WHERE nspname LIKE 'pushrail_outbox%'`);
  expect(left).toEqual([]);
});

it('says what to do where there is no server, and shows no password', async () => {
  const { code, complained } = await run('postgres://shop:pass-word@127.0.0.1:1/shop');
  expect(code).toBe(1);
  expect(complained).toContain('Name yours in DATABASE_URL');
  expect(complained).not.toContain('pass-word');
});
