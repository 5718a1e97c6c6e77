import { expect, test } from 'vitest';
import { relayConformance } from '../../src/testing/index.js';
import { MemoryRelay, RelayHub } from '../support/memory-relay.js';

const create = () => {
  const hub = new RelayHub(3);
  const relay = new MemoryRelay(hub);
  return { relay: new MemoryRelay(hub), fragile: { relay, cut: () => relay.cut(), mend: () => relay.mend() } };
};

for (const { name, run } of relayConformance({ create, quietMs: 10, shortMs: 30 })) {
  test(name, async () => {
    expect(await run()).toEqual({ skipped: undefined });
  });
}
