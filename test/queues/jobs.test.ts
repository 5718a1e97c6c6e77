import { expect, it, vi } from 'vitest';
import { recordedService } from '../recording/recorded-service.js';
import { MemoryQueue } from '../support/memory-queue.js';
import { TestClock } from '../support/test-clock.js';

const message = { event: 'e', channels: ['a'], data: 1 };

function service() {
  const clock = new TestClock();
  const queue = new MemoryQueue(clock);
  return { queue, ...recordedService({ queue }, clock) };
}

it('sends a delayed message by its job, when its time comes', async () => {
  const { push, queue, clock, backend } = service();
  const { id, status } = await push.send({ ...message, delay: '30m', priority: 'high' });
  expect(status).toBe('waiting');
  await vi.waitFor(() => expect(queue.added).toHaveLength(1));
  expect(queue.added).toEqual([{ key: `${id}-0`, id, service: 'default', priority: 'high', inMs: 1_800_000 }]);
  await clock.advance(1_800_000 - 1);
  expect(backend.sent).toEqual([]);
  await clock.advance(1);
  await vi.waitFor(async () => expect(await push.messages.get(id)).toMatchObject({ state: 'SENT', attempts: 1 }));
  expect(backend.sent).toEqual([['a']]);
  await push.close();
});
