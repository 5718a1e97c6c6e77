import type { MessageStore } from '../messages/store.js';

/** How many services use a store, and its opening. Several services may share one. */
const inUse = new WeakMap<MessageStore, { users: number; readonly opened: Promise<void> }>();

/** The ends of stores that are being closed, or have been. */
const closings = new WeakMap<MessageStore, Promise<void>>();

/** Whether a service uses a store, or is about to. */
export function isInUse(store: MessageStore): boolean {
  return inUse.has(store);
}

/**
 * Opens a store, unless another service has.
 * @returns a function that closes it, unless another service uses it
 */
export async function useStore(store: MessageStore): Promise<() => Promise<void>> {
  const use = inUse.get(store) ?? { users: 0, opened: opened(store) };
  inUse.set(store, use);
  use.users++;
  let hasLeft = false;
  const leave = async (): Promise<void> => {
    if (hasLeft) return;
    hasLeft = true;
    use.users--;
    if (use.users > 0) return;
    inUse.delete(store);
    const closing = store.close();
    closings.set(
      store,
      closing.catch(() => {}),
    );
    await closing;
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

/** Opens a store when its closing has ended, as when a service is configured anew with the same store. */
async function opened(store: MessageStore): Promise<void> {
  await closings.get(store);
  await store.open();
}
