import type { MessageStore } from '../messages/store.js';

/** How many services use a store, and its opening. Several services may share one. */
const inUse = new WeakMap<MessageStore, { users: number; readonly opened: Promise<void> }>();

/** Whether a service uses a store, or is about to. */
export function isInUse(store: MessageStore): boolean {
  return inUse.has(store);
}

/**
 * Opens a store, unless another service has.
 * @returns a function that closes it, unless another service uses it
 */
export async function useStore(store: MessageStore): Promise<() => Promise<void>> {
  const use = inUse.get(store) ?? { users: 0, opened: store.open() };
  inUse.set(store, use);
  use.users++;
  let hasLeft = false;
  const leave = async (): Promise<void> => {
    if (hasLeft) return;
    hasLeft = true;
    use.users--;
    if (use.users > 0) return;
    inUse.delete(store);
    await store.close();
  };
  try {
    await use.opened;
  } catch (error) {
    // The next one who needs it tries again.
    if (inUse.get(store) === use) inUse.delete(store);
    throw error;
  }
  return leave;
}
