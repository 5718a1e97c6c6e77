import { askInTime } from '../core/ask-in-time.js';
import type { MessageStore } from '../messages/store.js';

/**
 * Time for a call of a store, in milliseconds. The stores of this package give up before: after 10 s, unless their
 * options say otherwise.
 */
const CALL_MS = 60_000;

/** What opens, closes and migrates a store has deadlines of its own, or may take long. */
const unbounded: readonly PropertyKey[] = ['open', 'close', 'migrate', 'checkTransaction'];

/** A store each of whose calls ends in time, be it with a `TimeoutError`: one that hangs must not stop all others. */
export function storeInTime(store: MessageStore, ms: number = CALL_MS): MessageStore {
  return callsInTime(store, store.name, ms);
}

function callsInTime<Store extends object>(store: Store, storeName: string, ms: number): Store {
  const missing = `The ${storeName} store did not answer`;
  const wait = { missing, consequence: 'whether it did what it was asked for is unknown', outcome: 'unknown' } as const;
  return new Proxy(store, {
    get(target, name): unknown {
      const value: unknown = Reflect.get(target, name, target);
      if (name === 'templates' && typeof value === 'object' && value !== null) return callsInTime(value, storeName, ms);
      if (typeof value !== 'function') return value;
      const call = (args: unknown[]): unknown => Reflect.apply(value, target, args);
      if (unbounded.includes(name)) return (...args: unknown[]) => call(args);
      return (...args: unknown[]) => askInTime(target, async () => call(args), ms, wait);
    },
  });
}
