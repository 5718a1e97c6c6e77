/** Keeps a secret that an SDK's object holds out of what `inspect` and `JSON.stringify` show; the SDK goes on using it. */
export function hideProperty(owner: unknown, key: string): void {
  if (typeof owner === 'object' && owner !== null && Object.hasOwn(owner, key))
    Object.defineProperty(owner, key, { enumerable: false });
}
