/** Most levels of an SDK's objects that are searched. */
const MAX_DEPTH = 10;

/**
 * Hides a secret in an SDK's object from `inspect`, `console.dir` and `JSON.stringify`: it becomes a getter, which none
 * of them calls. The SDK can still read and set it.
 */
export function hideProperty(owner: unknown, key: string): void {
  if (typeof owner === 'object' && owner !== null) asAccessor(owner, key, false);
}

/**
 * Hides secrets wherever they are texts in an SDK's objects, whose structure differs from one version to the next. They
 * become getters, and stay enumerable: an SDK may copy its own objects.
 */
export function hideTexts(root: object, secrets: ReadonlySet<string>): void {
  const seen = new Set<object>([root]);
  let level: object[] = [root];
  for (let depth = 0; depth < MAX_DEPTH && level.length > 0; depth++) {
    const next: object[] = [];
    for (const owner of level) {
      for (const key of Reflect.ownKeys(owner)) {
        const value: unknown = Object.getOwnPropertyDescriptor(owner, key)?.value;
        if (typeof value === 'string' && secrets.has(value)) asAccessor(owner, key, true);
        if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value) || seen.has(value)) continue;
        seen.add(value);
        next.push(value);
      }
    }
    level = next;
  }
}

function asAccessor(owner: object, key: PropertyKey, enumerable: boolean): void {
  const property = Object.getOwnPropertyDescriptor(owner, key);
  if (property?.configurable !== true || !('value' in property)) return;
  let { value }: { value?: unknown } = property;
  const set = (next: unknown): void => {
    value = next;
  };
  Object.defineProperty(owner, key, { get: () => value, set, enumerable, configurable: true });
}
