import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach } from 'vitest';
import type { MessageStore } from '../../src/index.js';
import { memoryMessages } from '../../src/messages/memory/index.js';
import { sqliteMessages } from '../../src/messages/sqlite/index.js';
import { TestClock } from '../support/test-clock.js';
import { type RecordedService, recordedService } from './recorded-service.js';

/** A store that notes the names of the methods that are called. */
export type NotedStore = MessageStore & { readonly calls: string[] };

/** Stores to test with, by name. Each call makes one of its own. */
export const stores: readonly (readonly [name: string, make: () => NotedStore])[] = [
  ['memory', () => noted(memoryMessages())],
  ['sqlite', () => noted(sqliteMessages({ file: join(temporaryFolder(), 'push.db'), synchronous: 'normal' }))],
];

const leftovers: (() => unknown)[] = [];

afterEach(async () => {
  for (const remove of leftovers.splice(0).reverse()) await remove();
});

/** Services on one store and one clock. They are closed after the test. */
export function servicesWith(store: MessageStore): {
  readonly make: (settings?: Parameters<typeof recordedService>[0]) => RecordedService;
  readonly clock: TestClock;
} {
  const clock = new TestClock();
  return {
    clock,
    make(settings = {}): RecordedService {
      const service = recordedService({ ...settings, messages: store }, clock);
      leftovers.push(() => service.push.close());
      return service;
    },
  };
}

/** A store with some methods of another one. */
export function changed<Store extends MessageStore>(store: Store, methods: Partial<MessageStore>): Store {
  return new Proxy(store, { get: (target, name) => Reflect.get(methods, name) ?? Reflect.get(target, name) });
}

/** A folder that is removed after the test. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'pushrail-'));
  leftovers.push(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

function noted(store: MessageStore): NotedStore {
  const calls: string[] = [];
  return new Proxy(store as NotedStore, {
    get(target, name) {
      if (name === 'calls') return calls;
      const value: unknown = Reflect.get(target, name);
      if (typeof value !== 'function') return value;
      return (...args: unknown[]) => {
        calls.push(String(name));
        return Reflect.apply(value, target, args);
      };
    },
  });
}
