import { expect, it } from 'vitest';
import { type Flushable, Outbox } from '../../src/server/outbox.js';

it('a connection whose flush fails does not keep the others from theirs', async () => {
  const failed: [Flushable, unknown][] = [];
  const outbox = new Outbox((connection, error) => failed.push([connection, error]));
  const flushed: string[] = [];
  const error = new Error('broken');
  const broken: Flushable = {
    flush: () => {
      throw error;
    },
  };
  outbox.add({ flush: () => flushed.push('before') });
  outbox.add(broken);
  await new Promise<void>((resolve) => outbox.add({ flush: () => resolve() }));
  expect({ flushed, failed }).toEqual({ flushed: ['before'], failed: [[broken, error]] });
});
