import { expect, it } from 'vitest';
import { Batch, type Flushable, Outbox } from '../../src/server/outbox.js';

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

it('connections that are owed the same frames share one batch and one joined buffer', () => {
  const [a, b, c] = [Buffer.from('a'), Buffer.from('b'), Buffer.from('c')];
  const root = new Batch(a);
  const one = root.append(b).append(c);
  const other = root.append(b).append(c);
  expect(other).toBe(one);
  expect(one.joined()).toBe(other.joined());
  expect(one.joined().toString()).toBe('abc');
  expect(one.bytes).toBe(3);
});

it('connections that are owed different frames keep their own order', () => {
  const [a, b, c] = [Buffer.from('a'), Buffer.from('b'), Buffer.from('c')];
  const root = new Batch(a);
  const abc = root.append(b).append(c);
  const acb = root.append(c).append(b);
  expect([abc.joined().toString(), acb.joined().toString(), root.joined().toString()]).toEqual(['abc', 'acb', 'a']);
});
