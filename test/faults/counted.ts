import type { MessageStore } from 'pushrail';

/** A store, and how often each of its methods was called. */
export function counted(store: MessageStore): { readonly store: MessageStore; readonly calls: Map<string, number> } {
  const calls = new Map<string, number>();
  const counting = new Proxy(store, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name, target);
      if (typeof value !== 'function') return value;
      return (...values: unknown[]) => {
        calls.set(String(name), (calls.get(String(name)) ?? 0) + 1);
        return Reflect.apply(value, target, values);
      };
    },
  });
  return { store: counting, calls };
}
