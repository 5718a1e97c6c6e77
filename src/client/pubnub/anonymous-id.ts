/** Where the id is kept. */
const STORAGE_KEY = 'pushrail.anonymous-id';

interface StorageLike {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
}

/**
 * An id for a browser whose user is not known. It is the same for all tabs and visits, because PubNub bills by the number of ids; where
 * nothing can be kept, it is new each time.
 */
export function anonymousId(): string {
  const fresh = `anonymous-${randomHex()}`;
  try {
    // Throws where the user has forbidden it.
    const { localStorage } = globalThis as { localStorage?: StorageLike };
    const kept = localStorage?.getItem(STORAGE_KEY);
    if (kept) return kept;
    localStorage?.setItem(STORAGE_KEY, fresh);
  } catch {
    // As in a private window.
  }
  return fresh;
}

function randomHex(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
