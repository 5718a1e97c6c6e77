import { setTimeout as pause } from 'node:timers/promises';
import { PushError } from 'pushrail';
import { expect, onTestFinished } from 'vitest';
import { whenAllEnded } from './account.js';
import { counted } from './counted.js';
import { storeAt } from './databases.js';
import { inForm } from './form.js';
import { Provider } from './provider.js';
import { numbered, startService } from './service.js';

const total = inForm({ short: 200, long: 2_000 });
const modes = inForm({ short: ['fast'], long: ['fast', 'immediate', 'fast', 'immediate'] } as const);
const awayMs = inForm({ short: 1_000, long: 5_000 });

/** A server of a database, which a test may stop and start. */
interface Restartable {
  readonly address: string;
  /** @param mode `fast`: it ends its connections; `immediate`: as when the machine fails */
  stop(mode: 'fast' | 'immediate'): Promise<void>;
  comeBack(): Promise<void>;
}

/** Restarts a server while messages are recorded and sent: nothing is lost, and nothing comes twice. */
export async function survivesRestarts(server: Restartable): Promise<void> {
  const provider = await Provider.start(50);
  const { store, calls } = counted(storeAt(server.address));
  const { push, lines } = startService(provider, store, {
    worker: { poll: '20ms', lease: inForm({ short: '4s', long: '20s' } as const) },
  });
  await push.messages.count();
  await push.sendMany(numbered(total).map((message) => ({ ...message, wait: false })));
  const recorded = new Set<string>();
  const failures: unknown[] = [];
  for (const mode of modes) {
    const goal = provider.ids.size + total / (modes.length * 2);
    let isBack = false;
    const callUntilBack = async (): Promise<void> => {
      while (!isBack) {
        await pause(Math.random() * 50);
        try {
          recorded.add((await push.send({ event: 'n', channels: ['a'] })).id);
        } catch (error) {
          failures.push(error);
        }
      }
    };
    const calling = Promise.all([callUntilBack(), callUntilBack(), callUntilBack()]);
    while (provider.ids.size < goal && provider.ids.size < total) await pause(2);
    await server.stop(mode);
    const before = new Map(calls);
    // A connection of the pool may not have noticed yet.
    await expect
      .poll(() => push.send({ event: 'n', channels: ['a'] }).catch(String), { timeout: 10_000 })
      .toContain('Nothing listens there: check the address, and that the database runs.');
    await pause(awayMs);
    // Pauses grow: a database that is away is not asked all the time.
    expect((calls.get('claim') ?? 0) - (before.get('claim') ?? 0)).toBeLessThan(20);
    await server.comeBack();
    isBack = true;
    await calling;
  }
  const direct = storeAt(server.address);
  onTestFinished(() => direct.close());
  await direct.open();
  const records = await whenAllEnded(direct);
  console.log(`${records.length} recorded, ${failures.length} calls failed`);
  expect(records.filter(({ state }) => state !== 'SENT')).toEqual([]);
  const ids = new Set(records.map(({ id }) => id));
  expect([...recorded].filter((id) => !ids.has(id))).toEqual([]);
  expect(records.length).toBeGreaterThanOrEqual(total);
  expect(provider.arrivals.length).toBe(ids.size);
  for (const error of failures) expect(PushError.isPushError(error) && error.retryable, String(error)).toBe(true);
  // Once for each time that it was away, and not for each call.
  expect(lines.filter(({ level }) => level === 'error').length).toBeLessThanOrEqual(modes.length * 3);
}
